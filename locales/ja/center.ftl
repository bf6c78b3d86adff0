# IAM Identity Center: アカウントごとのアクセス、あるべき割り当て、アクセスレビュー。
center-nothing = IAM Identity Center については何も記録されていません
advice-center-record = 管理アカウント、または IAM Identity Center の委任管理者アカウントをそのリージョンで記録してください: haechi record --org
center-unlisted = { $type } を最後まで一覧できませんでした({ $reason })
center-no-instance = IAM Identity Center のインスタンスが記録されていないため、どの属性がセッションタグになるかは不明です
center-nobody = IAM Identity Center に { $name } というユーザーはいません
advice-center-who = ユーザー名、メールアドレス、ユーザー ID、表示名のいずれかを指定してください。一覧は haechi resources list --type AWS::IdentityStore::User で確認できます
advice-center-near = { $near } のことですか?
center-several = { $name } に該当するユーザーが複数います
advice-center-id = そのうち 1 人のユーザー ID を指定してください
center-no-account = アカウント { $name } は記録されていません
advice-center-accounts = アカウントの一覧は haechi org tree で確認できます
center-accounts = { $name } という名前のアカウントが複数あります: { $ids }
center-read = { $path } を読み取れません
center-whose = 誰のアクセスかが指定されていません
advice-center-whose = ユーザーを指定するか、1 つのアカウントで誰が操作できるかを尋ねてください: --action s3:DeleteBucket --account 111122223333
center-disabled = { $name } は無効化されておりサインインできません。有効化された場合のアクセスを示します
center-account-status = { $account }({ $name })は { $status } です
center-members-unknown = グループ { $count } 件のメンバーが記録されていないため、アクセスはほかにもある可能性があります
center-via-direct = 直接
center-via-groups = { $groups }
center-via-both = 直接および { $groups }
center-drift-none = 一致
center-drift-outdated = 最新でない
center-drift-not-provisioned = 未プロビジョニング
center-drift-set-not-recorded = 不明
center-drift-policy-missing = ポリシーなし
center-drift-role-lacks = ポリシー不足
center-drift-role-has-more = ポリシー超過
center-drift-inline-differs = インラインポリシー相違
center-drift-boundary-differs = アクセス許可の境界相違
center-drift-several-roles = ロール複数
center-level-nothing = なし
center-level-reads = 読み取りのみ
center-level-reads-conditional = 読み取り(条件付き)
center-level-writes = 書き込み
center-level-writes-conditional = 書き込み(条件付き)
center-level-power = パワーユーザー
center-level-power-conditional = パワーユーザー(条件付き)
center-level-administrator = 管理者
center-level-administrator-conditional = 管理者(条件付き)
center-taken = SCP { $scp }、境界 { $boundary }、RCP { $rcp }
center-column-person = ユーザー
center-column-set = アクセス許可セット
center-column-level = アクセス
center-column-via = 経由
center-column-session = セッション
center-column-taken = 制限されるアクション数
center-column-provisioned = セットとの一致
center-column-path = OU パス
center-column-change = 変更
center-column-assignee = 対象
center-column-kind = 種類
center-column-subject = 項目
center-column-why = 理由
center-counts = { $name }: アカウント { $accounts } 件にアクセス許可セット { $sets } 件
center-drifted = セットと異なるロール { $count } 件: { $names }
center-no-access = { $name } には、調べたアカウントに割り当てられたアクセス許可セットがありません
center-tags = セッションタグ: { $tags }
center-tags-unknown = 値が記録されていないセッションタグ: { $tags }
center-answer-counts = ユーザー { $people } 人のアクセス許可セット { $sessions } 件を確認: 可能 { $yes } 件、条件付き { $conditional } 件、判断不能 { $undecidable } 件
center-nobody-can = 調べたユーザー { $people } 人のうち、この操作ができる人はいません
center-plan-create = 作成
center-plan-delete = 削除
center-plan-counts = 作成 { $create } 件、削除 { $delete } 件、維持 { $keep } 件、ファイルにないが残す割り当て { $extra } 件。重複して求められた割り当て { $overlaps } 件
center-plan-none = 必要な作業はありません。維持 { $keep } 件、ファイルにないが残す割り当て { $extra } 件
center-respond-nothing = 必要な作業はありません。割り当てはファイルのとおりです
center-by-management = 呼び出し { $count } 件は管理アカウントに対するもので、委任管理者は実行できません
center-left-out = { $account }({ $name })は { $status } のため除外しました
center-entry-empty = { $entry } 番目のエントリに該当するアカウントがありません
center-assignee-user = ユーザー
center-assignee-group = グループ
center-diff-missing = 不足
center-diff-extra = ファイルになし
center-diff-outdated = 最新でない
center-diff-counts = 不足 { $missing } 件、ファイルになし { $extra } 件、最新でない { $outdated } 件、ファイルと一致 { $same } 件
center-diff-none = 差異はありません。ファイルと一致 { $same } 件
center-duration = { $word } は期間ではありません
advice-center-duration = AWS と同じく時間と分で書いてください: PT1H、PT1H30M
center-logs = ログには { $since } 以降、アカウント { $accounts } 件のイベント { $events } 件があります
center-not-looked-staff = 未確認: 退職者(--users FILE で在籍者の一覧を指定)
center-not-looked-use = 一部未確認: アクセス許可セットの使用状況(--logs SOURCE で指定。イベントのないアカウントについては不明)
center-not-looked-orphans = 未確認: 存在しないユーザーやグループへの割り当て(ユーザーとグループがすべては記録されていない)
center-not-looked-status = 一部未確認: 無効化されたユーザー(状態が記録されていないユーザーがいる)
center-not-looked-provisioning = 一部未確認: 最新でないアクセス許可セット(以前のバージョンの記録にはこの情報がない)
center-review-none = 確認すべき項目はありません
center-review-counts = 確認すべき項目 { $concerns } 件(アクセス許可セット { $sets } 件、割り当て { $assignments } 件、ユーザー { $users } 人、グループ { $groups } 件のうち)
center-why-leaver-not-listed = 在籍者の一覧にないが、アカウント { $count } 件にアクセスできます
center-why-leaver-disabled = 無効化されていますが、アカウント { $count } 件にまだ割り当てられており、再び有効化するとすべてのアクセスが戻ります
center-why-orphan = { $account } の { $what } が、存在しないユーザーまたはグループに割り当てられています
center-why-management = どの SCP も適用されない管理アカウント { $account } で { $what } に割り当てられています
center-why-long-session = 管理者のセッションが { $what } で、基準の { $longest } を超えています
center-why-full-administrator = すべてのリソースに対するすべてのアクションを許可しています({ $what })
center-why-outdated =
    { $account } のロールがセットと異なります: { $first ->
        [outdated] 最新の状態ではない
        [not-provisioned] ロールがない
        [set-not-recorded] アクセス許可セットが記録されていない
        [policy-missing] セットが指定するポリシーがそのアカウントにない
        [role-lacks] ロールに不足しているポリシーがある
        [role-has-more] ロールに余分なポリシーがある
        [inline-differs] インラインポリシーが異なる
        [boundary-differs] アクセス許可の境界が異なる
        [several-roles] ロールが複数ある
       *[other] { $first }
    }{ $others ->
        [0] {""}
       *[other] {" "}ほか { $others } 件
    }
center-why-direct = グループではなく直接、{ $account } の { $what } が割り当てられています
center-why-no-boundary = 管理者の権限を与えますが、アクセス許可の境界がありません
center-why-unassigned = どこにも割り当てられていません
center-why-empty-group = { $account } の { $what } が割り当てられていますが、メンバーがいません
center-why-unseen-set = ログでは、アカウント { $count } 件のいずれでも使われていません
center-why-unseen-assignment = ログでは、{ $account } の { $what } を一度も使っていません
center-why-mfa-never = サインイン時に MFA を求めていません
center-why-mfa-device = MFA デバイスのないユーザーもサインインできます
center-why-mfa-context = サインインのコンテキストが変わったときにしか MFA を求めません
center-why-mfa-source = 申告では自前のディレクトリですが、記録には { $what } のユーザーがいます
center-why-mfa-email = MFA デバイスのないユーザーはメールでコードを受け取るため、メールを読める人なら誰でもサインインできます
center-why-mfa-keys = セキュリティキーと組み込み認証機能が許可されておらず、フィッシングに弱いコードしか使えません
center-why-mfa-old = MFA 設定の申告日({ $what })が 1 年以上前、または未来です
center-why-mfa-not-told = MFA 設定の申告がなく、設定を返す API もありません
center-why-mfa-not-told-all = MFA 設定の申告に抜けている項目があります: { $what }
center-why-mfa-external = ID プロバイダーでサインインするため、MFA の設定はここにありません
center-fix-leaver-not-listed = 退職者: ユーザーを無効化または削除し(ID プロバイダーがプロビジョニングする場合はそこで)、実行中のセッションを取り消してください
center-fix-leaver-disabled = 無効化されたユーザー: グループから外し、割り当てを削除してください
center-fix-orphan = 対象のない割り当て: 割り当てを削除してください
center-fix-management = 管理アカウント: 必要な少数の人だけに割り当ててください
center-fix-long-session = 長いセッション: アクセス許可セットのセッション期間を業務に必要な長さにしてください
center-fix-full-administrator = 完全な管理者: 業務に必要なアクションだけを指定するか、職務機能の AWS マネージドポリシーを使ってください
center-fix-outdated = 最新でない: アクセス許可セットを再プロビジョニングし(ProvisionPermissionSet)、足りないポリシーを作成してください
center-fix-direct = 直接の割り当て: グループに割り当て、ユーザーをグループに入れてください
center-fix-no-boundary = アクセス許可の境界: アクセス許可セットに境界を設定してください
center-fix-unassigned = 割り当てなし: アクセス許可セットを削除するか、割り当ててください
center-fix-empty-group = 空のグループ: 割り当てを削除するか、グループにユーザーを入れてください
center-fix-unseen-set = 未使用: ログの期間が十分なら、割り当てを削除してください
center-fix-unseen-assignment = 未使用: ログの期間が十分なら、この割り当てを削除してください
center-fix-mfa-never = MFA: サインインのたびに求めてください(設定、認証)
center-fix-mfa-device = MFA: サインイン時にデバイスの登録を求めるか、サインインをブロックしてください
center-fix-mfa-context = MFA: サインインのたびに必ず求めてください
center-fix-mfa-source = MFA: 設定を確認し直してください(ID プロバイダーのユーザーならそこで)
center-fix-mfa-email = MFA: サインイン時にデバイスの登録を求めてください
center-fix-mfa-keys = MFA: セキュリティキーと組み込み認証機能を許可してください
center-fix-mfa-old = MFA: 設定を確認し直し、改めて申告してください
center-fix-mfa-not-told = MFA: 設定をファイルに申告し、--mfa で指定してください
center-fix-mfa-external = MFA: ID プロバイダーの担当者に確認してください
help-org-access = IAM Identity Center のユーザーが各アカウントで持つアクセス、または 1 つのアカウントで操作できるユーザーを確認
help-org-access-person = アクセスを調べるユーザー: ユーザー名、メールアドレス、ユーザー ID、表示名。省略すると --account での --action について全員を調べる
help-org-access-action = アクセスの水準の代わりに、このアクションの可否を確認(例: s3:DeleteBucket)
help-org-access-resource = リソースの ARN、または複数のリソースを表すパターン
help-org-access-account = このアカウントのみ(ID または名前)。複数回指定可能
help-org-access-context = リクエストの条件キー。値が複数ある場合は値ごとに 1 回ずつ指定
help-org-access-resource-account = ARN や記録から分からない場合の、リソースを所有するアカウント
help-org-access-no-scps = SCP がないものとして扱う
help-org-access-as-of = この時点の状態(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-org-access-format = table、json、jsonl、csv のいずれか
help-org-access-after =
    例:
      haechi org access mina@example.com
      haechi org access mina --account shop --format json
      haechi org access mina --action s3:DeleteBucket
      haechi org access --action s3:DeleteBucket --account 111122223333
      haechi org access review --users staff.csv
help-org-access-review = 確認すべきアクセス許可セット、割り当て、ユーザーを理由と対処とともに一覧表示
help-org-access-review-users = 在籍者のユーザー名またはメールアドレスを記した CSV ファイル。ここになくアクセスを持つユーザーを示す
help-org-access-review-mfa = コンソールに表示された MFA 設定を申告するファイル。この設定を返す API はない
help-org-access-review-max-admin-session = 許容する管理者セッションの最長時間。PT1H は AWS の既定値
help-org-access-review-logs = アクセス許可セットの使用状況を確認する CloudTrail ログ: ファイル、フォルダー、s3://BUCKET/PREFIX、SQS キュー、または標準入力を表す -
help-org-access-review-since = この時刻から(2026-11-22、2026-11-22T09:30+09:00、3 日前は 3d)
help-org-access-review-until = この時刻まで
help-org-access-review-account = このアカウントのイベントのみ
help-org-access-review-region = このリージョンのイベントのみ
help-org-access-review-profile = 環境変数のキーにかかわらず使用する AWS プロファイル [既定値: AWS CLI と同じ]
help-org-access-review-as-of = この時点の状態(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-org-access-review-fail-on = この重大度から終了コード 1: informational、low、medium、high、critical、never [既定値: high]
help-org-access-review-format = table、json、jsonl、csv のいずれか
help-org-access-review-after =
    例:
      haechi org access review
      haechi org access review --users staff.csv --mfa mfa.yaml --fail-on medium
      haechi org access review --logs ./logs --since 90d --format csv

    終了コード: 0 --fail-on 以上の項目がない、1 ある、2 確認できない。
help-org-assignments = 組織単位でアクセス許可セットの割り当てを定めたファイルを記録と比較
help-org-assignments-plan = 割り当てをファイルのとおりにするために必要な作業を一覧表示。AWS には何も変更しない
help-org-assignments-plan-file = あるべき割り当てを記したファイル(YAML)
help-org-assignments-plan-prune = ファイルにない割り当てもすべて削除の対象にする
help-org-assignments-plan-as-of = この時点の記録と比較(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-org-assignments-plan-format = table、json、jsonl、csv、または AWS CLI のスクリプトを表す sh
help-org-assignments-plan-after =
    例:
      haechi org assignments plan assignments.yaml
      haechi org assignments plan assignments.yaml --prune --format json
      haechi org assignments plan assignments.yaml --format sh > apply.sh

    終了コード: 0 作業なし、1 作業あり、2 確認できない。
help-org-assignments-respond = 計画を haechi respond に引き渡す。ほかの計画と同じく保管、承認、適用、取り消しができる
help-org-assignments-respond-file = あるべき割り当てを記したファイル(YAML)
help-org-assignments-respond-prune = ファイルにない割り当てもすべて削除の対象にする
help-org-assignments-respond-profile = 環境変数のキーにかかわらず使用する AWS プロファイル [既定値: AWS CLI と同じ]
help-org-assignments-respond-role = 引き受けるロールの名前または ARN。必要な呼び出しができること
help-org-assignments-respond-external-id = ロールの信頼ポリシーが求める外部 ID
help-org-assignments-respond-format = table または json
help-org-assignments-respond-after =
    例:
      haechi org assignments respond assignments.yaml --prune
      haechi respond approve 7d41c2 --by mina --reason TICKET-481
      haechi respond apply 7d41c2 --profile identity-admin

    終了コード: 0 計画を作成した、または作業がない、2 作成できない。
help-org-assignments-diff = 記録がファイルと異なる点: 不足する割り当て、ファイルにない割り当て、セットと異なるロール
help-org-assignments-diff-file = あるべき割り当てを記したファイル(YAML)
help-org-assignments-diff-as-of = この時点の記録と比較(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-org-assignments-diff-format = table、json、jsonl、csv のいずれか
help-org-assignments-diff-after =
    例:
      haechi org assignments diff assignments.yaml
      haechi org assignments diff assignments.yaml --as-of 7d --format jsonl

    終了コード: 0 差異なし、1 差異あり、2 確認できない。
