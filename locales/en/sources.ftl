# Plans, states and templates; objects in S3.
source-terraform = Terraform
source-cloudformation = CloudFormation
column-location = Location
page-code = Plans and templates
page-not-mapped = { $count ->
    [one] { $count } resource is not judged, of a type without a mapping: { $kinds }
   *[other] { $count } resources are not judged, of types without a mapping: { $kinds }
}
note-no-account = The account is not known; { $account } stands for it (--account names it)
note-no-region = The Region is not known; { $region } stands for it (--region names it)
note-not-an-item = { $address } is not judged: { $reason }
note-part-unknown = { $address } may complete any { $kind }: which one is known after apply
note-plan-partial = The plan ended with an error or is not complete: what it lacks is not judged
note-template-loop = { $name } is not carried out: the resources that it would make are not judged
note-template-no-type = { $name } has no Type and is not judged
note-template-serverless = { $name } is of type { $kind }: the SAM transform is not supported, and what it would make is not judged
note-template-nested = { $name } is a nested stack: assess its template as a source of its own
note-template-transform = The transform { $name } is not carried out: resources are judged as they stand
note-template-parameter = The parameter { $name } has no value here: --param { $name }=VALUE gives one
refused-too-large = The file has { $size } bytes; at most { $most } are read
refused-not-utf8 = The file is not UTF-8
refused-json = The file is not JSON: { $reason }
refused-modules = Modules are nested more than { $most } deep
refused-resources = The file has more than { $most } resources
refused-state-version = Version { $found } of the state file is not known; version 4 is
refused-format-version = The format_version { $found } is not known; 0.x and 1.x are
refused-no-plan = The file has neither planned_values nor resource_changes: it is no plan of `terraform show -json`
error-source-refused = { $path } cannot be read
advice-source-refused = For a plan: terraform plan -out plan.tfplan && terraform show -json plan.tfplan > plan.json
error-source-folder = { $path } is not a folder
advice-source-folder = --source names the folder of the .tf files from which the plan was made
error-s3-location = { $path } is not a place in S3
advice-s3-location = Write s3://BUCKET/PREFIX
error-s3-list = The objects under { $path } cannot be listed
note-no-positions = { $path } holds no resource blocks: findings name the file of the plan only
