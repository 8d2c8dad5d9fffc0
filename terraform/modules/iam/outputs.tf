output "role_name" {
  description = "Name of the role."
  value       = aws_iam_role.this.name

  # Who uses the role wants it with its permissions.
  depends_on = [aws_iam_role_policy.this]
}

output "role_arn" {
  description = "ARN of the role."
  value       = aws_iam_role.this.arn

  depends_on = [aws_iam_role_policy.this]
}

output "instance_profile_name" {
  description = "Instance profile of the role; null on eks."
  value       = one(aws_iam_instance_profile.this[*].name)

  depends_on = [aws_iam_role_policy.this]
}

output "policy" {
  description = "What the role may do, as JSON."
  value       = aws_iam_role_policy.this.policy
}
