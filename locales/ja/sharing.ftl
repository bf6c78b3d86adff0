# アカウント間の共有。
sharing-may-launch = インスタンスの起動
sharing-may-copy = コピー
sharing-may-decrypt = 読み取り(復号)
sharing-may-read-blocks = ブロックの読み取り
sharing-may-auto-scaling = Auto Scaling
sharing-may-restore = 復元
sharing-may-encrypt = 暗号化
sharing-may-grant = グラントの作成
sharing-answer-there = 可
sharing-answer-theirs = 所有者側は可
sharing-answer-conditional = 条件付き
sharing-answer-unknown = 判定不能
sharing-answer-missing = 不可
sharing-state-there = あり
sharing-state-theirs = 相手側の判断
sharing-state-conditional = 条件付き
sharing-state-unknown = 記録なし
sharing-state-missing = 不足
sharing-state-can-grant = 付与可能
sharing-state-cannot-grant = 付与不可
sharing-layer-launch-permission = 起動許可
sharing-layer-create-volume-permission = createVolumePermission
sharing-layer-restore-attribute = restore 属性
sharing-layer-resource = リソース
sharing-layer-key = KMS キー
sharing-layer-key-policy = キーポリシー
sharing-column-may = 操作
sharing-column-answer = 可否
sharing-column-hangs = 左右するもの
sharing-column-state = 状態
sharing-column-layer = 根拠
sharing-column-what = 許可
sharing-column-evidence = 出典
sharing-column-with = 共有先
sharing-column-by = 出典
sharing-column-from = 引き受ける側
sharing-column-role = ロール
sharing-column-notes = 備考
sharing-there = { $who }: 必要な許可はすべてあります
sharing-theirs = 所有者側の許可はすべてあります。アカウント { $account } は記録されていないため、相手側の許可はわかりません
sharing-conditional = { $who }: 条件付きで、または要求の一部についてのみ可能です
sharing-unknown = { $who }: 記録されていないものがあるため判定できません
sharing-missing = { $who }: 許可が { $count } 個不足しています
sharing-able = アカウントのユーザーとロール { $asked } 個のうち { $count } 個が可能: { $names }
sharing-fix-share-image = イメージの共有: { $resource } の起動許可に { $account } を追加してください
sharing-fix-share-snapshot = スナップショットの共有: { $resource } の createVolumePermission に { $account } を追加してください
sharing-fix-share-database-snapshot = スナップショットの共有: { $resource } の restore 属性に { $account } を追加してください
sharing-fix-share-with-account = このアカウントはスナップショットのパブリック共有をすべてブロックしています: { $resource } を { $account } と直接共有してください
sharing-fix-enable-image = イメージ { $resource } は利用できません ({ $where })
sharing-fix-reencrypt-with-own-key = AWS マネージドキーは共有できません: カスタマーマネージドキーでコピーし、そのコピーを共有してください
sharing-fix-enable-key = { $resource } は使用できません ({ $where }): 有効にするか、削除をキャンセルしてください
sharing-fix-allow-in-key-policy = { $resource } のキーポリシー: { $account } に { $what } を許可
sharing-fix-create-grant = { $who } にはポリシーを付けられません: { $account } の誰かが { $resource } に { $what } のグラントを作成する必要があります
sharing-fix-allow-in-identity = { $who } のポリシー: { $resource } の ARN に { $what } を許可
sharing-fix-allow-in-boundary = { $who } のアクセス許可の境界: { $what } を許可
sharing-fix-allow-in-scp = { $account } の SCP: { $where } で { $what } を許可するものがありません
sharing-fix-allow-in-rcp = 所有者アカウントの RCP: { $where } で { $what } を許可するものがありません
sharing-fix-remove-deny = { $who } の { $what } は拒否されます: { $where }
sharing-fix-copy-first = 共有された暗号化スナップショットは直接復元できません: { $resource } をまずコピーし、そのコピーを復元してください
sharing-fix-cannot-copy-product = プロダクトコード付きのイメージは他のアカウントではコピーできません: インスタンスを起動し、そこからイメージを作成してください
sharing-fix-create-service-linked-role = { $account } には Auto Scaling 用のサービスにリンクされたロールがまだありません: 作成してください
sharing-note-grant-itself = そのグラントは EC2 経由ではなく KMS を直接呼び出して作成します。キーポリシーが kms:GrantIsForAWSResource の条件で許可したものは当てはまりません
sharing-note-own-account = このアカウントが所有者なので、共有は不要です
sharing-note-public-though-blocked = パブリックのままです: パブリックアクセスのブロックは新しい共有にのみ適用されます
sharing-note-product-code = イメージにプロダクトコードがあります: AWS Marketplace のサブスクリプションは確認していません
sharing-note-associated-key = 暗号化に使われたキーではなく、スナップショットに関連付けられた別のキーで開けます
sharing-note-own-key-for-copy = コピーはコピーするアカウントのキーで暗号化され、そのキーの許可も必要です
sharing-note-lacks-least = アカウントのユーザーとロール { $asked } 個はいずれも不可です。不足が最も少ない主体を表示しています
sharing-counts = 他のアカウントとの共有 { $count } 件、うちパブリック { $public } 件。確認したリソース { $looked } 個
sharing-none = 他のアカウントと共有されているものはありません。確認したリソース { $looked } 個
sharing-roles-too = 外部から引き受けられるロールもあります({ $count } 件): haechi iam sharing --roles
sharing-trust-counts = ロール { $roles } 個に対する外部からの信頼 { $count } 件、うち弱点のあるもの { $weak } 件
sharing-trust-none = ロール { $roles } 個のうち、外部から引き受けられるものはありません
sharing-trust-no-external-id = { $note }: 外部アカウントを sts:ExternalId なしで信頼しています。そのアカウントの別の顧客がこのロールを使わせるおそれがあります
sharing-trust-no-source = { $note }: 誰のための呼び出しでもサービスを信頼しています。aws:SourceArn や aws:SourceAccount で制限できます
sharing-trust-no-subject = { $note }: プロバイダーのすべてのユーザーを信頼しています。sub で制限できます
sharing-trust-wide-subject = { $note }: サブジェクトがワイルドカードで始まっています
sharing-trust-unused = { $note }: 信頼ポリシーは許可していますが、相手アカウントのポリシーが許可していません
sharing-trust-unrecorded = 記録されていない信頼ポリシー: { $names }
sharing-purpose = `{ $word }` という操作は指定できません
sharing-wrong-purpose = { $kind } に { $word } は指定できません。指定できるもの: { $names }
sharing-nothing = `{ $word }` は記録されたイメージ、スナップショット、キーではありません
sharing-several = `{ $word }` に当てはまるものが複数あります: { $names }
sharing-not-principal = `{ $word }` はアカウント、ユーザー、ロールではありません
advice-sharing-purpose = launch、copy、decrypt、read-blocks、auto-scaling、restore、encrypt、grant のいずれかを指定してください
advice-sharing-nothing = ARN または ID を指定してください。記録済みのものは `haechi resources list --type AWS::EC2::Image` で確認できます
advice-sharing-with = 12 桁のアカウント ID、またはユーザーかロールの ARN を指定してください
help-iam-sharing = 共有イメージの起動、スナップショットのコピーや復号、キーの使用に他のアカウントが必要とする許可を一つずつ確認: あるものと不足しているもの
help-iam-sharing-resource = イメージ、EBS または RDS スナップショット、KMS キーの ARN、ID、名前、エイリアス [デフォルト: 共有されているものすべて]
help-iam-sharing-with = 相手のアカウント(12 桁)、またはユーザーかロールの ARN
help-iam-sharing-may = 行いたい操作: launch、copy、decrypt、read-blocks、auto-scaling、restore、encrypt、grant。複数回指定可能 [デフォルト: すべて]
help-iam-sharing-roles = 他のアカウント、サービス、ID プロバイダーのうち、誰がどのロールを引き受けられるか
help-iam-sharing-account = このアカウントのリソースとロールのみ。複数回指定可能
help-iam-sharing-as-of = この時点の状態で判定(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-iam-sharing-format = table、json、jsonl、csv のいずれか
help-iam-sharing-after =
    例:
      haechi iam sharing
      haechi iam sharing --roles
      haechi iam sharing ami-0123456789abcdef0 --with 444455556666
      haechi iam sharing ami-0123456789abcdef0 --with 444455556666 --may launch
      haechi iam sharing ami-0123456789abcdef0 --with arn:aws:iam::444455556666:role/builder --may auto-scaling
      haechi iam sharing alias/images --with 444455556666 --may decrypt --format json

    終了コード: 0 記録されたアカウントからわかる限り必要な許可がすべてある、1 不足がある、または判定できない、
    2 確認できない。
