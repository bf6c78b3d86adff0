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
