# ログ: ソース、整合性の検証、カバレッジ。
column-file-kind = 種類
column-digest-end = ダイジェストの終了時刻
advice-log-source = ファイル、フォルダー、s3://BUCKET/PREFIX、SQS キュー(URL または ARN)、または標準入力を表す - を指定してください
logs-source-open = { $source } を開けません
logs-source-read = { $source } を読み取れませんでした
logs-no-time = --since { $since } と --until { $until } の間には時間がありません
verify-no-digests = { $source } に CloudTrail のダイジェストファイルがありません
advice-verify-source = AWSLogs の上のフォルダーまたは S3 プレフィックスを指定してください。ダイジェストファイルは AWSLogs/アカウント/CloudTrail-Digest/ にあり、ログファイルの検証が有効なときに書き込まれます
verify-keys = { $path } のパブリックキーを読み取れません
advice-verify-keys = 次のコマンドで保存してください: aws cloudtrail list-public-keys --start-time TIME --end-time TIME --region REGION > keys.json
verify-all-valid = すべてのダイジェストファイルとログファイルは CloudTrail が配信したままです。
verify-nothing-listed = 変更または欠落が確認されたダイジェストファイルとログファイルはありません。
verify-digests = ダイジェストファイル: 有効 { $valid } 件、変更 { $changed } 件、欠落 { $missing } 件、未確認 { $unchecked } 件
verify-backfill = バックフィルダイジェストファイル: 有効 { $valid } 件、変更 { $changed } 件、欠落 { $missing } 件、未確認 { $unchecked } 件
verify-logs = ログファイル: 有効 { $valid } 件、変更または追加 { $changed } 件、欠落 { $missing } 件、未確認 { $unchecked } 件
verify-chain = { $account } { $region }、証跡 { $trail }: ダイジェストファイル { $digests } 件、{ $from } から { $to } まで
verify-missing-more = { $account } { $region }、証跡 { $trail }: { $from } と { $to } の間でさらに { $count } 件のダイジェストファイルが欠落しています
verify-gap-off = { $account } { $region }、証跡 { $trail }: { $from } から { $to } まで、ログ記録またはログファイルの検証が無効でした。新しいチェーンの開始には CloudTrail の署名があります
verify-gap-apart = { $account } { $region }、証跡 { $trail }: { $from } から { $to } までを対象とするダイジェストファイルがありません
verify-begins = { $account } { $region }、証跡 { $trail }: ダイジェストファイルは { $at } から始まります。その前の { $before } はありません。--since を指定すると、先頭で欠落しているダイジェストファイルも数えます
verify-ends = { $account } { $region }、証跡 { $trail }: ダイジェストファイルは { $at } で終わります。証跡の停止、ログファイルの検証の無効化、以降のダイジェストファイルの削除のいずれかですが、残ったダイジェストファイルからは区別できません
verify-logs-due = { $account } { $region }: 最後のダイジェストファイルより後に { $count } 件のログファイルが届いており、次のダイジェストファイルを待っています
verify-logs-never = { $account } { $region }: ログファイルが { $count } 件ありますが、検証するためのダイジェストファイルがありません
verify-logs-outside = { $account } { $region }: { $count } 件のログファイルは、どのダイジェストファイルも対象としない時間のものです
verify-unproved = { $count } 件のログファイルは変更されたダイジェストファイルに記載されているため、比較していません
verify-keys-problem = CloudTrail からパブリックキーを取得できませんでした: { $problem }
verify-unread = { $file } を読み取れませんでした: { $why }
verify-unlisted = { $count } 件のファイルは一覧に表示していません
verify-moved = 配信された場所にない: { $original }
verify-signature = 署名がこの内容に対する CloudTrail の署名ではない
verify-metadata = 内容は CloudTrail のものだが、オブジェクトのメタデータの署名が異なる
verify-chain-hash = 次のダイジェストファイルに記載されたハッシュと異なる
verify-hash = ダイジェストファイルに記載されたハッシュと内容が一致しない
verify-damaged = 変更または切り詰められている: { $why }
verify-named = { $by } に記載されている
verify-hour = ダイジェストファイルは毎時配信されるが、この時間のものがない
verify-no-signature = 署名は S3 オブジェクトのメタデータにありコピーには残らず、それを記載した後続のダイジェストファイルもない
verify-no-key = フィンガープリント { $fingerprint } のパブリックキー({ $region } リージョン)がない
verify-algorithm = 未知の方式で署名されている
verify-not-read = 読み取れなかった: { $why }
verify-digest-unproved = ダイジェストファイルに記載されたハッシュと一致するが、そのダイジェストファイル自体が証明されていない
verify-no-digest = どのダイジェストファイルにも記載されていない
help-logs = ログ: 整合性、カバレッジ
help-logs-verify = CloudTrail のダイジェストファイルを検証: 欠落、変更、追加されたログとダイジェストファイルを確認
help-logs-verify-after =
    例:
      haechi logs verify s3://my-trail-bucket --since 7d
      haechi logs verify s3://my-trail-bucket/prefix --account 111122223333 --region eu-west-1 --format json
      aws cloudtrail list-public-keys --start-time 2026-11-01 > keys.json
      haechi logs verify ./copied-logs --public-keys keys.json

    終了コード: 0 すべて有効、1 欠落、変更または追加されたファイルがある、2 確認できなかったファイルがある
help-logs-verify-sources = 証跡のファイルをコピーしたフォルダー、または s3://BUCKET/PREFIX
help-logs-verify-public-keys = パブリックキー: `aws cloudtrail list-public-keys` の出力。省略時は CloudTrail に要求。複数指定可
help-logs-verify-all = 有効なファイルも表示
help-logs-verify-format = 出力形式: table、json、jsonl
help-logs-verify-since = この時刻以降(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-logs-verify-until = この時刻まで
column-log = ログ
column-events = イベント
column-first-event = 最初のイベント
column-last-event = 最後のイベント
column-hours = イベントのある時間
column-hours-without = イベントのない時間
column-longest-gap = 最長の空白
coverage-nothing = イベントがありません。
coverage-longest = { $from } から { $hours } 時間
coverage-files = ファイル: ログ { $logs } 件、ダイジェスト { $digests } 件、空 { $empty } 件、AWS Config のファイル { $config } 件、ログでないもの { $rubbish } 件
coverage-bytes = バイト: 保存サイズ { $packed }、テキスト { $text } = イベント { $events } + その他のレコード { $others } + レコードの間 { $between } + 破損 { $damaged }
coverage-bytes-lost = { $bytes } バイトの行方が不明です。Haechi の不具合ですので、お知らせください
coverage-events = イベント: 読み取り { $events } 件、重複 { $duplicates } 件。イベントでないレコード { $others } 件
coverage-outside = { $count } 件のイベントはフィルターの範囲外です
coverage-lost = フローログの { $count } 行が、失われたフローがあることを示しています(SKIPDATA)
coverage-damaged-digests = { $count } 件のダイジェストファイルを読み取れませんでした
coverage-files-account = 他のアカウントのファイル { $count } 件は開いていません
coverage-files-region = 他のリージョンのファイル { $count } 件は開いていません
coverage-files-before = --since より前のファイル { $count } 件は開いていません
coverage-files-after = --until より後のファイル { $count } 件は開いていません
coverage-folders-account = 他のアカウントのフォルダー { $count } 件は一覧していません
coverage-folders-region = 他のリージョンのフォルダー { $count } 件は一覧していません
coverage-folders-before = --since より前のフォルダー { $count } 件は一覧していません
coverage-folders-after = --until より後のフォルダー { $count } 件は一覧していません
coverage-other-kind = { $kind } の下のフォルダーまたはオブジェクト { $count } 件は、読み取る対象のログではありません
coverage-gap-missing = { $log } { $account } { $region }: { $from } から { $hours } 時間イベントなし。ダイジェストファイルに記載されたこの時間のログがここにありません
coverage-gap-unknown = { $log } { $account } { $region }: { $from } から { $hours } 時間イベントなし
coverage-gap-quiet = { $log } { $account } { $region }: { $from } から { $hours } 時間イベントなし。この時間のダイジェストファイルに他のログは記載されていません
coverage-missing = 欠落: { $file }({ $account } { $region })、{ $end } のダイジェストファイルに記載あり
coverage-skipped = 開いていない: { $file }
coverage-problem = 読み取れない: { $file }
coverage-more = ... 他 { $count } 件。--format json ですべて確認できます
help-logs-coverage = 読み取ったものと読み取れなかったもの: ファイル、バイト、ログ・アカウント・リージョン別のイベント、イベントのない時間
help-logs-coverage-sources = ファイル、フォルダー、s3://BUCKET/PREFIX、SQS キュー(URL または ARN)、標準入力は -
help-logs-coverage-since = この時刻以降(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-logs-coverage-until = この時刻まで
help-logs-coverage-flow-format = ヘッダーのないフローログの形式。例: "version account-id interface-id srcaddr dstaddr"
help-logs-coverage-strict = 読み取れないものがあれば 2 で終了
help-logs-coverage-format = 出力形式: table、json、jsonl、csv
