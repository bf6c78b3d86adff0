# PostgreSQL 저장소
error-not-on-postgres = { $what ->
    [backup] PostgreSQL에 있는 저장소는 haechi backup으로 백업할 수 없습니다
   *[other] PostgreSQL에 있는 저장소에서는 다음을 사용할 수 없습니다: { $what }
}
advice-pg-dump = pg_dump를 사용하세요. 사용 중인 데이터베이스도 백업할 수 있습니다
