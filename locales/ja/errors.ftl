# エラー(error-)と次に行うこと(advice-)。フラグ、コマンド、ファイルの名前はそのまま残す。
error-source-missing = ファイルまたはフォルダがありません: { $path }
error-flag = --{ $flag } の値が正しくありません: { $text }
error-flag-word = --{ $flag } に使用できない値です: `{ $word }`
error-fail-on = --fail-on に使用できない重要度です: `{ $word }`(informational、low、medium、high、critical のいずれかを指定してください)
error-language = サポートされていない言語です: `{ $word }`(en、ko、ja のいずれかを指定してください)
error-status = --status に使用できないステータスです: `{ $word }`
error-format-name = --{ $flag } に使用できない形式です: `{ $word }`(table、json、jsonl、csv、ocsf、html のいずれかを指定してください)
error-format-ending = --{ $flag }: 拡張子から形式を判別できません: `{ $path }`(.html、.json、.jsonl、.csv、.ocsf.json、.txt のいずれかを使用してください)
error-format-here = --format: このコマンドは `{ $format }` 形式をサポートしていません
error-until-past = --until に過去の日時が指定されています
error-comment-empty = コメントが空です
error-attestation-empty = 証明には対象と証跡の両方を指定する必要があります
error-control = コントロールが見つかりません: { $text }
error-filter = フィルター式が正しくありません
error-filter-text = フィルター式が正しくありません: { $text }
error-param-shape = --param `{ $word }`: NAME=VALUE の形式ではありません
error-param-without-pack = --param { $name }: 組み込みルールは AWS のデフォルト値で評価されます
error-param-unknown = --param { $name }: このパラメータを持つコンフォーマンスパックはありません
error-pack-load = コンフォーマンスパックを読み込めません: { $path }
error-pack-rule = { $source }: ルール { $rule } を使用できません: { $text }
error-no-rule = ルールがありません: { $rule }
error-rule-compile = ルールファイルをコンパイルできません: { $path }
error-not-a-folder = フォルダではありません: { $path }
error-content = コンテンツが正しくありません
error-collector = 組み込みのコレクターが正しくありません
error-settings-read = 設定ファイルを読み込めません: { $path }
error-settings = 設定ファイルが正しくありません: { $path }
error-settings-regions = 設定ファイルの `regions` の値が正しくありません
error-data-directory = ユーザーのデータディレクトリを特定できません
error-store = ストアを使用できません: { $path }
error-store-work = ストアの読み取りまたは書き込みができません
error-not-found = { $what ->
    [finding] 検出結果
    [suppression] 抑制ルール
   *[other] 項目
}がありません: `{ $wanted }`
error-ambiguous = `{ $wanted }` に該当する{ $what ->
    [finding] 検出結果
   *[other] 項目
}が { $found } 件以上あります: { $examples }
error-not-an-id = `{ $wanted }` は ID でも ID の先頭部分(16 進数 4～32 桁)でもありません
error-nothing-assessed = まだ評価が行われていません
error-other-release = 前回の実行は別のバージョンの Haechi によるものです
error-no-resource = 記録されたリソースの中に該当するものがありません: { $word }
error-no-items = 設定項目がありません: { $names }
error-collected-store = 収集した内容を保存できません
error-read-store = 読み取った内容を保存できません
error-past-read = 過去の記録を読み取れません
error-past-empty = { $moment } 時点の記録がありません
error-identity-answer = GetCallerIdentity に対する AWS の応答を解釈できません
error-profile-credentials = プロファイル { $profile } に認証情報がありません
error-account-reach = アカウントに接続できません
error-account-other = --account { $wanted }: 現在の認証情報はアカウント { $account } のものです
error-region-unknown = --region `{ $region }`: パーティション { $partition } にないリージョンです
error-regions-list = アカウントのリージョンを一覧表示できません
error-write = ファイルに書き込めません: { $path }
error-stdout = 標準出力に書き込めません
error-manual = マニュアルページを書き込めません
error-threads = プログラムのスレッドを開始できません
advice-source = AWS Config のスナップショットファイル、履歴ファイル、またはそのフォルダを指定してください。SOURCE を省略すると実際のアカウントを評価します
advice-config-files = Haechi が読み込むのは、AWS Config のスナップショットファイルと履歴ファイル(.json、.json.gz)、JSON 形式の Terraform プランとステート(terraform show -json)、CloudFormation テンプレート(.yaml、.json)です
advice-statuses = ステータス: open、suppressed、resolved
advice-formats = サポートされている形式: { $formats }
advice-comment = 例: haechi findings comment 3f2a 'TICKET-481 で修正済み'
advice-attestation = 例: haechi attest security-awareness-program-exists --evidence 'LMS レポート 2026-Q4'
advice-filter = 例: rule = 'X' AND (account = '111122223333' OR tag.env = 'dev')
advice-near = `{ $near }` のことですか？
advice-near-rule = { $near } のことですか？ すべてのルールは `haechi rules list` で確認できます
advice-rule-not-implemented = AWS Config にはありますが、Haechi ではまだ実装されていないルールです。実装済みのルールは `haechi rules list` で確認できます
advice-rules-list = すべてのルールは `haechi rules list` で確認できます
advice-rules-folder = ルールはこのフォルダの rules/<service>/ に置きます
advice-param-shape = 例: --param AccessKeysRotatedParamMaxAccessKeyAge=60
advice-param-pack = パラメータはコンフォーマンスパックのものです。--pack FILE でパックを指定してください
advice-pack-parameters = コンフォーマンスパックのパラメータは `haechi packs check FILE` で確認できます
advice-content-test = `haechi content test { $path }` を実行してください
advice-content-test-more = ほかに { $more } 件の問題があります。`haechi content test { $path }` を実行してください
advice-report-bug = Haechi のバグです。ご報告ください
advice-settings-keys = 使用できるキー: lang、store、content、profile、regions、fail-on、owner-tag、retention、packs、[[accounts]] (id、name、profile、role、external-id、regions)
advice-name-store = --store PATH でストアを指定してください
advice-store-missing = 先に `haechi assess` を実行するか、--store PATH でストアを指定してください
advice-store-other = --store PATH で別のファイルを指定してください。このファイルは変更していません
advice-store-newer = 新しいバージョンの haechi を使用するか、--store PATH で別のストアを指定してください
advice-store-damaged = バックアップに置き換えるか、{ $path }(-wal ファイルと -shm ファイルを含む)を別の場所に移動してから `haechi assess` を再実行してください
advice-store-busy = 完了を待ってから再試行してください。その間も読み取りは可能です
advice-store-full = 空き容量を確保してから再試行してください。コミット済みの内容は安全です
advice-store-mode = { $path } とそのフォルダの所有者とアクセス権を確認してください
advice-more-digits = ID の桁数を増やして入力してください
advice-assess-first = 先に `haechi assess` または `haechi demo` を実行してください
advice-assess-again = `haechi assess` を再実行してください
advice-resources-list = ARN、リソース ID、または名前を指定してください。記録されたリソースは `haechi resources list` で確認できます
advice-past = 過去の記録は、最初に実行した `haechi assess`、または SOURCE に指定した Config ファイルから始まります
advice-account-profile = --profile でそのアカウントのプロファイルを指定してください
advice-profile-sign-in = プロファイルは `aws configure list-profiles` で確認できます。サインインするには `aws sso login --profile { $profile }` を実行してください
advice-credentials = AWS_PROFILE を設定する、--profile NAME を指定する、`aws sso login` を実行する、または AWS_ACCESS_KEY_ID と AWS_SECRET_ACCESS_KEY を設定してください
advice-credentials-expired = 認証情報の有効期限が切れています。`aws sso login` などで再度サインインしてください
advice-credentials-check = `aws sts get-caller-identity` と `haechi doctor` で認証情報を確認してください
advice-network = ネットワーク、リージョン、AWS_ENDPOINT_URL を確認してください
advice-regions = リージョン: { $regions }
advice-regions-list = ec2:DescribeRegions を許可するか、--region でリージョンを指定してください
