# --last-accessed で照会する IAM のサービスの最終アクセス情報。
plan-last-accessed = アクセスの内容を調べるため、ユーザーとロールごとに少なくともさらに { $calls } 回の呼び出し
help-any-last-accessed = 各ユーザーとロールがいつ何にアクセスしたかも IAM に照会。1 件ごとに数回の呼び出しと数秒がかかる
