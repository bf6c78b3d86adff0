# ログの検索: フィルターと SQL によるイベントの検索、誰が何を呼び出したか。
column-event-time = 時刻
column-principal = プリンシパル
column-address = アドレス
column-event-id = イベント ID
column-session = セッション
column-who-calls = 呼び出し
column-who-failed = 失敗
column-first-event-id = 最初のイベント ID
column-last-event-id = 最後のイベント ID
search-nothing = 条件に合うイベントはありません。
search-looked = イベント { $events } 件のうち { $found } 件が条件に合います。ファイル { $files } 件、{ $first } から { $last } まで
search-no-events = { $sources } のファイル { $files } 件に、検索するイベントがありません
search-newest = 最新の { $shown } 件を表示しています。ほかにもあります。--limit N でさらに、--limit 0 ですべて表示します
search-oldest = 最も古い { $shown } 件を表示しています。ほかにもあります。--limit N でさらに、--limit 0 ですべて表示します
search-ended = 最初の { $shown } 件で読み取りを終了しました。ほかにもあります。--limit N でさらに、--limit 0 ですべて表示します
search-duplicates = 重複したイベント { $count } 件は 1 回だけ数えています
search-not-opened = ほかの期間、アカウント、リージョン、ログのファイル { $count } 件は検索していません
search-unread = { $count } か所を読み取れませんでした。最初の 1 つ: { $first }。すべては haechi logs coverage で確認できます
search-unknown-field = 読み取ったイベントに `{ $field }` フィールドを持つものがありません。フィールドは eventName や requestParameters.bucketName のように、ログにある名前のとおりに指定してください
search-interrupted = 中断されました: それまでに見つかったものを表示しています
search-filter = フィルターを実行できません
search-too-much = 見つかったイベントが { $mib } MiB のメモリを超えています
search-table-full = SELECT の対象となるイベントが { $rows } 件または { $mib } MiB を超えています
advice-search-where = 例: --where "eventName = StopLogging AND (sourceIPAddress ~ '192.0.2.*' OR errorCode IS NOT NULL)"
advice-search-limit = 検索範囲を絞るか、--limit N を指定してください。--format jsonl で --order を指定しない場合は、見つかった順にレコードを出力します
advice-search-narrow = --since、--name、--where などで絞り込んでください。SELECT はこれらを通過したイベントだけを対象とします
advice-search-sql = テーブルは `events`、列は { $columns } です
who-word = { $what } を解釈できません
advice-who = 例: haechi logs who s3:GetObject arn:aws:s3:::my-bucket/report.csv ./logs
who-page = 呼び出し元 { $total } 件のうち { $shown } 件を表示しています。--limit N でさらに、--limit 0 ですべて表示します
who-beyond = 最初の { $most } 件より後の呼び出し元による呼び出し { $count } 件は一覧にありません
who-others = { $action } の呼び出しは { $count } 件ありますが、{ $resource } を対象としたものはありません。レコードでは別の名前かもしれません
help-logs-search = フィルターまたは SELECT によるイベントの検索
help-logs-search-after =
    例:
      haechi logs search ./logs --name StopLogging,DeleteTrail
      haechi logs search ./logs --principal alice --error --since 7d
      haechi logs search ./logs --where "eventName ~ 'Get*' AND sourceIPAddress ~ '198.51.100.0/24'" --fields time,eventName,requestParameters.bucketName
      haechi logs search s3://my-trail-bucket --since 1d --account 111122223333 --text AKIAIOSFODNN7EXAMPLE --format jsonl
      haechi logs search ./logs --sql "SELECT name, count(*) FROM events WHERE errorCode IS NOT NULL GROUP BY 1 ORDER BY 2 DESC"
      haechi logs search ./logs --name CreateBucket --sql "SELECT time, principal, body ->> '$.requestParameters.bucketName' AS bucket FROM events"

    終了コード: 0 検索完了(結果の有無は問わない)、2 検索できなかった
help-logs-search-sources = ファイル、フォルダー、s3://BUCKET/PREFIX、SQS キュー(URL または ARN)、標準入力は -
help-logs-search-since = この時刻以降(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-logs-search-until = この時刻まで
help-logs-search-filter = 列とログのフィールドに対するフィルター。例: "eventName IN (StopLogging, DeleteTrail) AND address ~ '192.0.2.0/24'"。複数指定可、すべてを満たすもの
help-logs-search-name = 呼び出しの名前(* と ? を使用可)
help-logs-search-source-service = イベントソース(例: s3、kms.amazonaws.com)
help-logs-search-principal = ユーザー、ロール、セッション、アクセスキー(ARN または名前)
help-logs-search-address = アドレス、192.0.2.0/24 などの範囲、またはグロブ
help-logs-search-error = エラーコード(* と ? を使用可)。コードを省略すると失敗したすべてのイベント
help-logs-search-text = レコードのどこかにあるテキスト。複数指定可、すべてを含むもの
help-logs-search-log = ログ: cloudtrail、vpc-flow、resolver-query、eks-audit、s3-access、rds-login、waf
help-logs-search-sql = 条件に合うイベントに対する 1 つの SELECT。テーブルは `events`、列は --fields の列と同じで、`body` はレコード全体(JSON)
help-logs-search-timeout = SELECT を停止するまでの秒数。ログを読み取る時間は含まない
help-logs-search-flow-format = ヘッダーのないフローログの形式。例: "version account-id interface-id srcaddr dstaddr"
help-logs-search-fields = 表示する列: time、log、source、name、accountId、awsRegion、principal、session、accessKeyId、address、userAgent、errorCode、readOnly、eventId、file、record、およびログのフィールド
help-logs-search-limit = 表示するイベント数または SELECT の行数、0 はすべて [デフォルト: 表では 100、それ以外はすべて]
help-logs-search-order = 先に表示し、さらにある場合に残すイベント: newest(最新)、oldest(最も古い)、read(読み取り順) [デフォルト: 制限があれば newest、なければ read]
help-logs-search-strict = 読み取れないものがあれば 2 で終了
help-logs-search-format = 出力形式: table、json、jsonl(元のレコード)、csv
help-logs-who = 誰が何を呼び出したか: 呼び出し元ごとの呼び出し数、アドレス、エラー
help-logs-who-after =
    例:
      haechi logs who StopLogging '*' ./logs
      haechi logs who s3:GetObject arn:aws:s3:::my-bucket/report.csv s3://my-trail-bucket --since 7d
      haechi logs who AssumeRole arn:aws:iam::111122223333:role/admin ./logs --format json
      haechi logs who 'Delete*' my-bucket ./logs

    終了コード: 0 検索完了(結果の有無は問わない)、2 検索できなかった
help-logs-who-action = 呼び出しの名前。サービスは省略可、* と ? を使用可。例: s3:GetObject、StopLogging、Delete*
help-logs-who-resource = 呼び出しの対象: ARN、ID または名前(* と ? を使用可)。'*' だけならすべて
help-logs-who-sources = ファイル、フォルダー、s3://BUCKET/PREFIX、SQS キュー(URL または ARN)、標準入力は -
help-logs-who-since = この時刻以降(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-logs-who-until = この時刻まで
help-logs-who-flow-format = ヘッダーのないフローログの形式。例: "version account-id interface-id srcaddr dstaddr"
help-logs-who-limit = 表示する呼び出し元の数、0 はすべて [デフォルト: 表では 100、それ以外はすべて]
help-logs-who-strict = 読み取れないものがあれば 2 で終了
help-logs-who-format = 出力形式: table、json、jsonl、csv
