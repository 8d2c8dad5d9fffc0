# What AWS sees from outside. What Firn says of itself, a full disk and partitions without enough replicas among it, Prometheus reads (output prometheus_scrape_config).

resource "aws_cloudwatch_metric_alarm" "machine" {
  for_each = var.brokers

  alarm_name          = "${var.name}-${each.key}-machine"
  alarm_description   = "The machine of broker ${each.key} does not pass EC2's checks: replace it."
  namespace           = "AWS/EC2"
  metric_name         = "StatusCheckFailed"
  dimensions          = { InstanceId = aws_instance.broker[each.key].id }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 3
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "processor" {
  for_each = var.brokers

  alarm_name          = "${var.name}-${each.key}-processor"
  alarm_description   = "Broker ${each.key} has had little processor time left for a quarter of an hour."
  namespace           = "AWS/EC2"
  metric_name         = "CPUUtilization"
  dimensions          = { InstanceId = aws_instance.broker[each.key].id }
  statistic           = "Average"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 85
  period              = 300
  evaluation_periods  = 3
  treat_missing_data  = "missing"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}

resource "aws_cloudwatch_metric_alarm" "ready" {
  for_each = aws_lb_target_group.this

  alarm_name          = "${var.name}-ready"
  alarm_description   = "A broker does not say that it is ready."
  namespace           = "AWS/NetworkELB"
  metric_name         = "UnHealthyHostCount"
  dimensions          = { LoadBalancer = aws_lb.this[each.key].arn_suffix, TargetGroup = each.value.arn_suffix }
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  period              = 60
  evaluation_periods  = 5
  treat_missing_data  = "breaching"
  alarm_actions       = var.alarm_actions
  ok_actions          = var.alarm_actions
  tags                = local.tags
}
