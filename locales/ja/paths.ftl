# 権限昇格の経路。
paths-column-step = ステップ
paths-column-from = 起点
paths-column-how = 方法
paths-column-id = 経路
paths-column-to = 得るもの
paths-column-certainty = 確実さ
paths-column-cut = 断つために外す許可
paths-certain = 確実
paths-maybe = 可能
paths-counts = 経路 { $paths } 件(うち { $maybe } 件は条件付きで可能)。プリンシパル { $asked } 件のうち { $admins } 件はすでに管理者
paths-none = プリンシパル { $asked } 件のうち、管理者の権限に至る経路を持つものはありません。{ $admins } 件はすでに管理者です
paths-none-to = プリンシパル { $asked } 件のうち、そこに至る経路を持つものはありません
paths-unknown = プリンシパル { $count } 件に記録されていないポリシーがあります。そのポリシーだけが許可する権限は数えていません
paths-fix = { $id }: { $says }
paths-supposes = { $id } の前提: { $says }
paths-nobody = { $name } は記録されていません
paths-max-steps = --max-steps は 1 から { $most } の間で指定してください
help-iam-paths = 管理者の権限や指定した対象に至る権限昇格の経路を、ステップごとの根拠と断ち方とともに一覧表示
help-iam-paths-from = このプリンシパルの経路だけを、最初のステップごとに表示: ユーザーまたはロールの ARN、外部のアカウント、または `*`
help-iam-paths-to = 到達したい対象: `admin`、またはユーザー、ロール、ルートユーザー、リソースの ARN
help-iam-paths-account = このアカウントのプリンシパルから始まる経路のみ。複数回指定可能
help-iam-paths-max-steps = これよりステップの多い経路を除く
help-iam-paths-as-of = この時点の状態で探索(2026-11-22、2026-11-22T09:30+09:00、または 3 日前を表す 3d)
help-iam-paths-format = table、json、jsonl、csv のいずれか
help-iam-paths-after =
    例:
      haechi iam paths
      haechi iam paths --from arn:aws:iam::111122223333:user/mina
      haechi iam paths --to arn:aws:iam::111122223333:role/admin --format json
      haechi iam paths --account 111122223333 --max-steps 1 --format csv

    終了コード: 0 管理者でないプリンシパルからの経路がない、1 経路がある、2 探索できない。
