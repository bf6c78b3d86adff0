# 플랜, 상태, 템플릿과 S3 객체.
source-terraform = Terraform
source-cloudformation = CloudFormation
column-location = 위치
page-code = 플랜 및 템플릿
page-not-mapped = 매핑이 없는 유형의 리소스 { $count }개는 판정하지 않았습니다: { $kinds }
note-no-account = 계정을 알 수 없어 { $account }(으)로 대신합니다(--account로 지정)
note-no-region = 리전을 알 수 없어 { $region }(으)로 대신합니다(--region으로 지정)
note-not-an-item = { $address }은(는) 판정하지 않았습니다: { $reason }
note-part-unknown = { $address }이(가) 어느 { $kind }에 속하는지는 적용 후에 알 수 있습니다
note-plan-partial = 플랜이 오류로 끝났거나 완전하지 않습니다. 빠진 리소스는 판정하지 않습니다
note-template-loop = { $name }을(를) 펼치지 않으므로 여기서 만들어질 리소스는 판정하지 않습니다
note-template-no-type = { $name }에 Type이 없어 판정하지 않습니다
note-template-serverless = { $name }의 유형은 { $kind }입니다. SAM 변환은 지원하지 않으므로 변환으로 만들어질 리소스는 판정하지 않습니다
note-template-nested = { $name }은(는) 중첩 스택입니다. 해당 템플릿을 별도의 소스로 지정하십시오
note-template-transform = 변환 { $name }을(를) 실행하지 않습니다. 리소스는 작성된 그대로 판정합니다
note-template-parameter = 파라미터 { $name }의 값이 없습니다. --param { $name }=VALUE로 지정하십시오
refused-too-large = 파일 크기가 { $size }바이트입니다. 최대 { $most }바이트까지 읽습니다
refused-not-utf8 = 파일이 UTF-8이 아닙니다
refused-json = 파일이 JSON이 아닙니다: { $reason }
refused-modules = 모듈이 { $most }단계보다 깊게 중첩되어 있습니다
refused-resources = 파일의 리소스가 { $most }개를 넘습니다
refused-state-version = 상태 파일 버전 { $found }은(는) 알 수 없습니다. 버전 4를 지원합니다
refused-format-version = format_version { $found }은(는) 알 수 없습니다. 0.x와 1.x를 지원합니다
refused-no-plan = 파일에 planned_values도 resource_changes도 없습니다. `terraform show -json`의 플랜이 아닙니다
error-source-refused = { $path }을(를) 읽을 수 없습니다
advice-source-refused = 플랜의 경우: terraform plan -out plan.tfplan && terraform show -json plan.tfplan > plan.json
error-source-folder = { $path }은(는) 폴더가 아닙니다
advice-source-folder = --source에는 플랜을 만든 .tf 파일의 폴더를 지정합니다
error-s3-location = { $path }은(는) S3 위치가 아닙니다
advice-s3-location = s3://BUCKET/PREFIX 형식으로 지정하십시오
error-s3-list = { $path } 아래의 객체를 나열할 수 없습니다
note-no-positions = { $path }에 resource 블록이 없습니다. 결과에는 플랜 파일만 표시됩니다
help-word-plans-and-templates = 플랜 및 템플릿
help-assess-param = 팩 또는 템플릿의 파라미터, NAME=VALUE. 반복 가능
