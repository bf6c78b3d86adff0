# Threats: what detections found in logs.
error-overtaken = 그 사이에 다른 프로세스가 저장소의 탐지 상태를 기록했습니다 ({ $what })
advice-overtaken = 다시 실행하세요. 다른 프로세스가 기록한 상태에서 이어집니다
