# 組織の変更による影響。
column-whatif-class = 変更後
column-whatif-answer = 判定
column-whatif-action = アクション
column-whatif-calls = 呼び出し
column-whatif-because = 理由
column-whatif-added = 追加されるポリシー
column-whatif-removed = 外れるポリシー
column-whatif-narrower = 新たに許可が必要な箇所
column-whatif-lost = 喪失
column-whatif-limited = 制限
column-whatif-gained = 獲得
column-whatif-widened = 拡大
column-whatif-used = うち使用あり
whatif-accounts = ガードレールが変わるアカウント
whatif-calls = 影響を受けるログの呼び出し
whatif-classes = ログの全イベント（それぞれ 1 つの区分に属します）
whatif-access = アイデンティティベースのポリシーが付与するアクセス許可
whatif-class-denied = 拒否される
whatif-class-undecided = 判定不能
whatif-class-freed = 許可される
whatif-class-maybe-freed = 拒否済み、判定不能
whatif-class-allowed = 引き続き許可
whatif-class-untouched = 許可、変更なし
whatif-class-denied-in-log = 拒否済み、引き続き拒否
whatif-class-denied-already = 現在のポリシーで既に拒否
whatif-class-management = 対象外: 管理アカウント
whatif-class-service-linked = 対象外: サービスにリンクされたロール
whatif-class-service = AWS のサービス
whatif-class-outsider = 組織外
whatif-class-no-permission = アクセス許可が不要
whatif-because-statement = { $place } { $sid }
whatif-because-nothing = { $target } にアタッチされたポリシーに許可がありません
whatif-because-keys = ログに { $keys } がありません（{ $place }）
whatif-because-resource = ログからリソースが分かりません（{ $place }）
whatif-because-action = アクション一覧にないアクションです
whatif-because-several = 複数のアクションのいずれかが必要でした
whatif-because-caller = ログから呼び出し元が分かりません
whatif-because-unrecorded = { $policy } が記録されていません
whatif-sum = 全 { $events } 件のイベント、{ $first } から { $last } まで。
whatif-no-events = CloudTrail のイベントが見つかりませんでした。
whatif-no-calls = 影響を受ける呼び出しはログにありません。
whatif-no-accounts = ガードレールが変わるアカウントはありません。
whatif-no-access = 付与済みのアクセス許可に増減はありません。
whatif-fault = { $policy }、{ $line } 行目: このステートメントは無視されます。{ $what }
whatif-no-change = 変更内容が指定されていません
whatif-no-organization = 組織が記録されていません
whatif-several = { $count } 個の組織が記録されていますが、変更は 1 つの組織に対するものです
whatif-unknown-target = ルート、組織単位、アカウントのいずれにも「{ $name }」はありません
whatif-unknown-policy = 組織に「{ $name }」というポリシーはありません
whatif-impossible = この変更は適用できません
whatif-no-file = { $path } というファイルはありません
whatif-read-policy = ポリシー { $path } を読み込めません
whatif-interrupted = 中断しました。ログの一部しか確認していません
whatif-incomplete = 読み込めないログがありました。その内容は上の結果に含まれていません。
advice-whatif-change = 変更を指定してください: --attach ファイル --to OU、--detach ポリシー --from OU、--replace ポリシー ファイル、--move アカウント --to OU
advice-whatif-tree = `haechi org tree` で階層を確認できます
advice-whatif-policies = `haechi org policies` でポリシーとアタッチ先を確認できます
help-org-whatif = ポリシーや階層の変更が、アクセス許可と CloudTrail ログの呼び出しに与える影響を確認
help-org-whatif-attach = ポリシーをアタッチ: 新しいポリシーのファイル、または既存のポリシーの ID か名前
help-org-whatif-detach = ポリシーをデタッチ（ID または名前）
help-org-whatif-move = アカウントを移動（ID または名前）
help-org-whatif-to = アタッチ先または移動先: ID、名前、Root/Workloads のようなパス、または ROOT
help-org-whatif-from = デタッチ元
help-org-whatif-replace = ポリシーの内容をファイルで置き換え
help-org-whatif-logs = 再判定する CloudTrail のログ: ファイル、フォルダー、s3://BUCKET/PREFIX、SQS キュー、標準入力は -
help-org-whatif-as-of = この時点の組織で判定（2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d）
help-org-whatif-all = 影響を受けない呼び出しも含めてすべて表示
help-org-whatif-format = table、json、呼び出しの一覧は csv または jsonl
help-org-whatif-after =
    例:
      haechi org whatif --attach deny-ec2.json --to Root/Workloads --logs ./logs --since 30d
      haechi org whatif --detach FullAWSAccess --from ou-ab12-cdefghij --attach p-0123abcd --to ou-ab12-cdefghij
      haechi org whatif --replace p-0123abcd region-limit.json --logs s3://my-trail-bucket --since 7d --format json
      haechi org whatif --move 111122223333 --to Root/Sandbox --logs ./logs --format csv

    終了コード: 0 拒否される呼び出しなし、1 あり、2 確認できず。
# 組織のポリシー。
column-org-scps = SCP
column-org-scps-inherited = 継承された SCP
column-org-rcps = RCP
column-org-rcps-inherited = 継承された RCP
column-org-others = その他のポリシー
column-org-strategy = この位置の方式
column-org-effective = 有効な方式
column-org-statements = ステートメント数
column-org-passes = 呼び出し可否
column-org-weight = 重要度
column-org-place = 場所
column-org-policy = ポリシー
column-org-mistake = 内容
org-policies-tree = 階層ごとのポリシー
org-policies-levels = アカウントに適用されるポリシー（レベル別）
org-policies-mistakes = 設定の誤りと注意点
org-policies-regions = SCP によりアカウントで使えるリージョン
org-policies-no-mistakes = 該当する項目はありません。
org-policies-no-levels = このアカウントに適用される SCP はありません。
org-policies-block-list = 拒否リスト
org-policies-allow-list = 許可リスト
org-policies-unknown = 記録なし
org-policies-nothing = 許可なし
org-policies-not-bound = 適用外
org-policies-off = 無効
org-weight-error = エラー
org-weight-warning = 警告
org-weight-note = 参考
org-nothing-allowed = ここにアタッチされた SCP に許可がないため、この位置以下のすべてが拒否されます（{ $accounts } アカウント）。FullAWSAccess か許可リストをアタッチしてください。
org-allow-list-lacks = この位置の許可リストには、ほぼすべてのアカウントに必要なサービスがありません: { $services }。
org-region-forgets-global = { $line } 行目: リージョン制限が、us-east-1 で呼び出されるグローバルサービスも拒否します: { $services }。NotAction で除外してください。
org-management-account = 管理アカウントにアタッチされており、効果がありません。
org-too-large = { $characters } 文字です。AWS の上限は { $limit } 文字です。
org-too-many = { $type } のポリシーが { $count } 個あります。AWS の上限は { $limit } 個です。
org-exempt-by-name = { $line } 行目: { $patterns } は対象外です。
org-exempt-everywhere = { $line } 行目: すべてのアカウントで { $patterns } が対象外です。この名前のプリンシパルを作成できる人も対象外になります。
org-fault = { $line } 行目: このステートメントは無視されます。{ $what }
org-repeated = 上位の { $above } に既にアタッチされています。Deny を繰り返す必要はありません。
org-unattached = アタッチ先がありません。
org-not-recorded = 内容が記録されていません。
org-off = { $type } のポリシーがありますが、このタイプは有効化されていません。
org-account-tag = アカウントのタグ { $key }={ $value } はタグポリシーに準拠していません: { $allowed }。
org-tag-not-json = タグポリシーが JSON ではありません: { $why }
org-tag-no-tags = タグポリシーに「tags」オブジェクトがありません。
org-tag-unknown-member = { $path } はタグポリシーにない項目です。
org-tag-no-operator = { $path } には @@assign などの演算子が必要です。
org-tag-other-key = { $path } が { $key } で、大文字小文字以外の違いがあります。
org-tag-twice = タグキー { $key } の項目が 2 つあります。
help-org-policies = 階層ごとの SCP、RCP などのポリシー: アタッチ、継承、有効なポリシーと設定の誤り
help-org-policies-target = ルート、組織単位、アカウント（ID、名前、パス）。省略時は組織全体
help-org-policies-as-of = この時点の組織（2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d）
help-org-policies-format = table または json
help-org-policies-after =
    例:
      haechi org policies
      haechi org policies Root/Workloads
      haechi org policies 111122223333 --format json

    終了コード: 0 エラーなし、1 アカウントを妨げる、または AWS が受け付けないポリシーやレベルあり、2 確認できず。
help-org-whatif-since = この時刻以降(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-org-whatif-until = この時刻まで
