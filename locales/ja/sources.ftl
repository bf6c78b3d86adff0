# プラン、ステート、テンプレートと S3 オブジェクト。
source-terraform = Terraform
source-cloudformation = CloudFormation
column-location = 場所
page-code = プランとテンプレート
page-not-mapped = マッピングのないタイプのリソース { $count } 個は判定していません: { $kinds }
note-no-account = アカウントが不明なため { $account } で代用します (--account で指定)
note-no-region = リージョンが不明なため { $region } で代用します (--region で指定)
note-not-an-item = { $address } は判定していません: { $reason }
note-part-unknown = { $address } がどの { $kind } に属するかは適用後に決まります
note-plan-partial = プランがエラーで終了したか完全ではありません。欠けているリソースは判定しません
note-template-loop = { $name } は展開しないため、そこから作られるリソースは判定しません
note-template-no-type = { $name } に Type がないため判定しません
note-template-serverless = { $name } のタイプは { $kind } です。SAM トランスフォームには対応していないため、変換で作られるリソースは判定しません
note-template-nested = { $name } はネストされたスタックです。そのテンプレートを別のソースとして指定してください
note-template-transform = トランスフォーム { $name } は実行しません。リソースは記述どおりに判定します
note-template-parameter = パラメータ { $name } の値がありません。--param { $name }=VALUE で指定してください
refused-too-large = ファイルは { $size } バイトです。読み取れるのは最大 { $most } バイトです
refused-not-utf8 = ファイルが UTF-8 ではありません
refused-json = ファイルが JSON ではありません: { $reason }
refused-modules = モジュールのネストが { $most } 段を超えています
refused-resources = ファイルのリソースが { $most } 個を超えています
refused-state-version = ステートファイルのバージョン { $found } は不明です。対応しているのはバージョン 4 です
refused-format-version = format_version { $found } は不明です。対応しているのは 0.x と 1.x です
refused-no-plan = ファイルに planned_values も resource_changes もありません。`terraform show -json` のプランではありません
error-source-refused = { $path } を読み取れません
advice-source-refused = プランの場合: terraform plan -out plan.tfplan && terraform show -json plan.tfplan > plan.json
error-source-folder = { $path } はフォルダではありません
advice-source-folder = --source にはプランの元になった .tf ファイルのフォルダを指定します
error-s3-location = { $path } は S3 の場所ではありません
advice-s3-location = s3://BUCKET/PREFIX の形式で指定してください
error-s3-list = { $path } 配下のオブジェクトを一覧表示できません
note-no-positions = { $path } に resource ブロックがありません。検出結果にはプランのファイルのみ表示されます
help-word-plans-and-templates = プランとテンプレート
help-assess-param = パックまたはテンプレートのパラメータ、NAME=VALUE。繰り返し可
