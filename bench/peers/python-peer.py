"""DataFusion, Ballista or Spark from Python, when installed: pip install datafusion | ballista | pyspark."""
import json
import os
import sys
import time

engine, setup = sys.argv[1], json.loads(sys.argv[2])
tables = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]
path = lambda table: os.path.join(setup["directory"], f"{table}.parquet")

try:
    if engine == "datafusion":
        from datafusion import SessionConfig, SessionContext

        context = SessionContext(SessionConfig().with_target_partitions(setup["threads"]))
        for table in tables:
            context.register_parquet(table, path(table))
        run = lambda sql: sum(batch.num_rows for batch in context.sql(sql).collect())
    elif engine == "ballista":
        from ballista import BallistaBuilder

        context = BallistaBuilder().standalone()
        for table in tables:
            context.register_parquet(table, path(table))
        run = lambda sql: sum(batch.num_rows for batch in context.sql(sql).collect())
    else:
        from pyspark.sql import SparkSession

        spark = SparkSession.builder.master(f"local[{setup['threads']}]").config("spark.ui.enabled", "false").getOrCreate()
        for table in tables:
            spark.read.parquet(path(table)).createOrReplaceTempView(table)
        run = lambda sql: len(spark.sql(sql).collect())
except ImportError:
    sys.exit(0)

print("ready", flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    try:
        rows = run(json.loads(line)["sql"].rstrip().rstrip(";"))
        answer = {"ms": (time.perf_counter() - start) * 1000, "rows": rows}
    except Exception as error:
        answer = {"ms": 0, "rows": 0, "error": str(error)[:200]}
    print(json.dumps(answer), flush=True)
