# Threats: what detections found in logs.
error-overtaken = その間に別のプロセスがストアの検出状態を書き込みました ({ $what })
advice-overtaken = もう一度実行してください。別のプロセスが書き込んだ状態から再開します
