"""DataFusion, Ballista, Polars or Spark from Python: the peer's side of the protocol in peer.ts."""
import json
import os
import sys
import time

engine, setup = sys.argv[1], json.loads(sys.argv[2])
threads = str(setup["threads"])
tables = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]


def path(table):
    return os.path.join(setup["directory"], f"{table}.parquet")


def batches(context):
    """Engines whose answers are lists of Arrow record batches."""
    for table in tables:
        context.register_parquet(table, path(table))
    return lambda sql: sum(batch.num_rows for batch in context.sql(sql).collect())


def datafusion():
    from datafusion import SessionConfig, SessionContext

    return batches(SessionContext(SessionConfig().with_target_partitions(setup["threads"])))


def ballista():
    from ballista import BallistaSessionContext

    os.environ.setdefault("TOKIO_WORKER_THREADS", threads)
    return batches(BallistaSessionContext())


def polars():
    os.environ["POLARS_MAX_THREADS"] = threads
    import polars

    context = polars.SQLContext({table: polars.scan_parquet(path(table)) for table in tables})
    return lambda sql: context.execute(sql, eager=True).height


def spark():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master(f"local[{threads}]")
        .config("spark.ui.enabled", "false")
        .config("spark.ui.showConsoleProgress", "false")
        .config("spark.log.level", "ERROR")
        .config("spark.driver.memory", setup["memory"].lower().replace("b", ""))
        .config("spark.sql.shuffle.partitions", threads)
        .getOrCreate()
    )
    for table in tables:
        session.read.parquet(path(table)).createOrReplaceTempView(table)
    return lambda sql: len(session.sql(sql).collect())


try:
    run = {"datafusion": datafusion, "ballista": ballista, "polars": polars, "spark": spark}[engine]()
except Exception as error:
    print("left out: " + str(error).strip().split("\n")[0][:200], flush=True)
    sys.exit(0)

print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    try:
        rows = run(json.loads(line)["sql"].rstrip().rstrip(";"))
        answer = {"ms": (time.perf_counter() - start) * 1000, "rows": rows}
    except Exception as error:
        answer = {"ms": 0, "rows": 0, "error": str(error).strip().split("\n")[0][:200]}
    print(json.dumps(answer), flush=True)
