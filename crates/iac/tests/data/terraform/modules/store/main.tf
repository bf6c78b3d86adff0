resource "aws_s3_bucket" "this" {
  for_each = var.names
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = var.names
  bucket   = aws_s3_bucket.this[each.key].id
  versioning_configuration {
    status = each.key == "a" ? "Enabled" : "Suspended"
  }
}
