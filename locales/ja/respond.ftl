# プレイブックによる AWS の変更と通知。
column-playbook = プレイブック
column-inputs = 入力
column-input = 入力
column-plan = 計画
column-made = 作成日時
column-expires-after = 取り消しの期限
column-approval = 承認
column-step = ステップ
column-change = 変更内容
column-call = 呼び出し
column-undo = 取り消し
column-before = 変更前
column-after = 変更後
column-error = エラー
column-note = 備考
column-destination = 送信先
column-event = イベント
column-attempts = 試行回数
column-next = 次の試行
column-delivered = 配信日時
respond-undo-yes = 完全に復元
respond-undo-partly = 一部を復元
respond-undo-no = なし
respond-seconds = { $count } 秒
respond-already = 呼び出し不要: すでに望ましい状態です
respond-nothing-to-do = すべてがすでにプレイブックの望む状態なので、することはありません。
respond-phase-planned = 計画済み
respond-phase-approved = 承認済み
respond-phase-partly-applied = 一部適用済み
respond-phase-applied = 適用済み
respond-phase-partly-undone = 一部取り消し済み
respond-phase-undone = 取り消し済み
respond-applied = 完了、{ $at }
respond-was-so = すでに望ましい状態、{ $at }
respond-kept = そのまま維持、{ $at }
respond-failed = 拒否、{ $at }
respond-unknown = 不明、{ $at }: AWS で処理されたかどうかわかりません。--resume を付けて適用すると確認します
respond-undone = 取り消し済み、{ $at }
respond-was-undone = すでに取り消されていました、{ $at }
respond-undo-failed = 取り消しが拒否されました、{ $at }
respond-undo-unknown = 取り消しの結果は不明、{ $at }: もう一度取り消すと確認します
respond-step-done = { $step }: { $call } が完了しました
respond-step-already = { $step }: すでに望ましい状態なので、することはありません
respond-step-kept = { $step }: そのまま維持します
respond-step-failed = { $step }: { $call } は拒否されました
respond-step-unknown = { $step }: { $call } が処理されたかどうかわかりません
respond-approved = 計画 { $plan } を承認しました。`haechi respond apply { $plan }` で適用してください。
respond-next = まだ何も変更していません。`haechi respond approve { $plan } --by NAME --reason TEXT` で承認してから、`haechi respond apply { $plan }` で適用してください。
respond-ask = これらの呼び出しを実行しますか? [y/N]
respond-ask-undo = 取り消しますか? [y/N]
respond-declined = 確認されなかったため、何も変更していません
error-respond-no-playbook = プレイブック { $playbook } はありません
error-respond-input-unknown = --set { $name }: プレイブックにこの入力はありません
error-respond-input-missing = 入力 { $name } がありません: { $meaning }
error-respond-input = 入力 { $name } が正しくありません
error-respond-set = --set `{ $word }` は NAME=VALUE の形式ではありません
error-respond-set-twice = --set { $name } が 2 回指定されています
error-respond-limit = { $per } にはすでに { $standing } 件が有効です (最大 { $most } 件)
error-respond-never = --expires: このプレイブックは取り消せません
error-respond-read = 計画の根拠を読み取れませんでした
error-respond-playbook = プレイブックが AWS の応答に合いません
error-respond-plan = 計画 { $plan } を読み取れません
error-respond-finding-file = { $path } に検出結果がありません
error-respond-interrupted = 中断されました。完了したステップは記録されています
error-respond-words = 承認には承認者と理由が必要です
error-respond-phase = { $phase } の計画は承認できません
error-respond-stale = 計画 { $plan } は古くなっています
error-respond-approval = 計画 { $plan } は承認されていません
error-respond-partly = 計画 { $plan } は一部だけ適用されています
error-respond-undone = 計画 { $plan } は取り消されました
error-respond-nothing-done = 計画 { $plan } で適用されたものはありません
error-respond-changed = { $step }: 他の誰かが変更しました
error-respond-not-ours = { $step }: 計画の適用後に変更されたため、何も取り消していません
error-respond-refused = { $step }: 呼び出しが拒否されました
error-respond-not-shown = { $step }: AWS は呼び出しを受け付けましたが、変更が反映されていません
error-respond-script = 端末がないため、--apply で確認できません
error-respond-reason = 端末がない場合、取り消しには --reason が必要です
error-notify-settings = 設定ファイルの `notify`
error-notify-none = 送信先が設定されていません
advice-did-you-mean = { $word } のことですか?
advice-respond-list = `haechi respond list` でプレイブックの一覧を表示できます
advice-respond-inputs = 使用できる入力: { $names }
advice-respond-set = --set { $name }=VALUE を追加するか、その値を持つ検出結果を --finding で指定してください
advice-respond-limit = 先に古い計画を取り消すか (`haechi respond plans`)、--set most=NUMBER で上限を上げてください
advice-respond-policy = `haechi respond PLAYBOOK --policy` で必要なアクセス許可を出力できます
advice-respond-again = 新しい計画を作成してください
advice-respond-approve = `haechi respond approve { $plan } --by NAME --reason TEXT` で承認してください
advice-respond-resume = 原因を解消してから `haechi respond apply PLAN --resume` で続けるか、`haechi respond undo PLAN` で適用した分を取り消してください
advice-respond-undo-again = 原因を解消してから `haechi respond undo PLAN` をもう一度実行してください
advice-respond-force = 変更内容を確認してください。それでも取り消すには --force を使います
advice-respond-partly-changed = `haechi respond undo PLAN` で適用した分を取り消し、新しい計画を作成してください
advice-respond-role = --profile でそのアカウントのプロファイルを、または --role でそのアカウントのロールを指定してください
advice-respond-script = 計画を承認してから `haechi respond apply { $plan }` を実行してください
advice-notify-settings = haechi.toml に `to = "https://..."` を含む [[notify]] を追加してください
notify-delivered = 配信済み
notify-failed = 失敗
notify-waiting = 待機中
notify-dead = 停止
notify-sent = 配信 { $delivered } 件、待機 { $waiting } 件、停止 { $dead } 件
help-respond = 検出結果への対応: プレイブックから AWS の正確な変更を計画し、承認、適用、取り消しを行う
help-respond-after =
    例:
      haechi respond list
      haechi respond block-address-network-acl --finding 3f2a91c0 --expires 24h
      haechi respond isolate-instance --finding 3f2a91c0
      haechi respond disable-access-key --set accessKeyId=AKIAIOSFODNN7EXAMPLE --policy
      haechi respond approve 7d41c2 --by mina --reason TICKET-481
      haechi respond apply 7d41c2
      haechi respond undo 7d41c2 --by mina --reason '誤検知'
      haechi respond due --undo

    承認なしには何も変更しません。端末では --apply が確認を求め、スクリプトでは承認済みの計画の ID が必要です。
help-respond-playbook = プレイブック (`haechi respond list` の名前)
help-respond-set = プレイブックの入力。繰り返し可
help-respond-finding = 対応する検出結果。プレイブックはここから入力を取得します
help-respond-finding-file = ファイルにある検出結果 (- は標準入力)。EventBridge または GetFindings の形式の GuardDuty 検出結果
help-respond-account = アカウント [デフォルト: 検出結果のもの、なければ認証情報のもの]
help-respond-region = リージョン [デフォルト: 検出結果のもの、なければ認証情報のもの]
help-respond-expires = 適用後、取り消しの期限までの時間 (例: 24h)
help-respond-plan = 計画の作成のみ (デフォルト)
help-respond-apply = 計画を作成し、端末で確認してから適用する
help-respond-policy = プレイブックに必要な IAM ポリシーだけを JSON で出力。呼び出しは行わない
help-any-role = 計画のアカウントで引き受けるロール (名前または ARN)。呼び出しのアクセス許可が必要
help-any-by = 決定する人 [デフォルト: このマシンのユーザー名]
help-any-id = 計画の ID、または一意に決まる先頭部分
help-respond-list = プレイブックの一覧、または 1 つの詳細を表示
help-respond-list-playbook = 表示するプレイブック
help-respond-plans = 計画を新しい順に一覧表示
help-respond-show = 計画を表示: 呼び出し、承認者、実行内容
help-respond-approve = 計画を承認。根拠が変わっていれば拒否
help-respond-approve-by = 承認者
help-respond-approve-reason = 理由 (例: チケット)
help-respond-apply-resume = 中断または失敗した計画を続ける
help-respond-undo = 計画が行ったことを最後のステップから順に取り消す
help-respond-undo-reason = 理由。省略すると端末で確認
help-respond-undo-force = その後に他の人が状態を変更していても実行する
help-respond-due = 取り消しの期限が来た計画を一覧表示、または取り消す
help-respond-due-undo = 取り消す
help-notify = 脅威の通知: 設定された送信先の試験、届いていない通知の確認と再送
help-notify-test = 設定されたすべての送信先にサンプルを 1 回送信
help-notify-list = 届いていない通知を一覧表示: 待機中、または試行回数を超えて停止
help-notify-list-all = 届いた通知も表示
help-notify-retry = 届いていない通知を再送
help-notify-retry-numbers = 通知の番号 [デフォルト: すべて]
help-notify-retry-wait = 試行を続ける時間 (秒)
help-any-notify = 見つけたものを設定の送信先に通知 (haechi.toml の `[[notify]]`)
