# What plan.json was planned from. Each fault is one that the test names.
provider "aws" {
  region = "eu-west-1"
}

resource "aws_s3_bucket" "open" {
  bucket = "example-open"
}

resource "aws_s3_bucket_public_access_block" "open" {
  bucket = aws_s3_bucket.open.id

  block_public_acls       = false
  block_public_policy     = false
  ignore_public_acls      = false
  restrict_public_buckets = false
}

resource "aws_s3_bucket_acl" "open" {
  bucket = aws_s3_bucket.open.id
  acl    = "public-read"
}

resource "aws_security_group" "web" {
  name   = "web"
  vpc_id = aws_vpc.main.id

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_ebs_volume" "data" {
  availability_zone = "eu-west-1a"
  size              = 8
  encrypted         = false
}

resource "aws_ebs_volume" "by_default" {
  availability_zone = "eu-west-1a"
  size              = 8
}

resource "aws_db_instance" "main" {
  identifier          = "main"
  engine              = "postgres"
  instance_class      = "db.t3.micro"
  allocated_storage   = 20
  publicly_accessible = true
  storage_encrypted   = true

  backup_retention_period = 7
  username                = "acme"
  password                = var.password
}

module "store" {
  source = "./modules/store"
  names  = toset(["a", "b"])
}

resource "aws_glue_job" "etl" {
  name     = "etl"
  role_arn = "arn:aws:iam::111122223333:role/etl"
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  instance_id = "i-0123456789abcdef0"
  volume_id   = aws_ebs_volume.data.id
}

resource "aws_volume_attachment" "by_default" {
  device_name = "/dev/sdg"
  instance_id = "i-0123456789abcdef0"
  volume_id   = aws_ebs_volume.by_default.id
}
