{{- define "firn.name" -}}
{{- if contains "firn" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-firn" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "firn.selector" -}}
app.kubernetes.io/name: firn
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "firn.labels" -}}
{{ include "firn.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "firn.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccount.name | default (include "firn.name" .) }}{{ else }}{{ .Values.serviceAccount.name | default "default" }}{{ end }}
{{- end }}

{{/* Numbers of a values file are floating-point ones, which Go writes as 1.073741824e+09 from a million on. */}}
{{- define "firn.scalar" -}}
{{- if and (kindIs "float64" .value) (eq (floor .value) .value) -}}
{{- if or (gt .value 9007199254740992.0) (lt .value -9007199254740992.0) }}{{ fail (printf "settings: %s has more digits than a number of YAML keeps: put it in quotes" .key) }}{{ end -}}
{{ printf "%.0f" .value }}
{{- else }}{{ .value }}{{ end }}
{{- end }}

{{- define "firn.domain" -}}
{{ include "firn.name" . }}-brokers.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end }}
