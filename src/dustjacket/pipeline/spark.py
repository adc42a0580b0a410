"""The Spark session of a job: S3 through ``s3a``, and only loopback sockets in local mode."""

from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from dustjacket.settings import Settings

LOOPBACK = "127.0.0.1"
PACKAGES = (
    "org.apache.hadoop:hadoop-aws:3.5.0",
    "software.amazon.awssdk:s3:2.35.4",
    "software.amazon.awssdk:s3-transfer-manager:2.35.4",
    "software.amazon.awssdk:sts:2.35.4",
)
EXCLUDES = ("software.amazon.awssdk:bundle", "org.apache.hadoop:hadoop-common")


def session(settings: Settings, name: str) -> SparkSession:
    """Return the Spark session of this process, configured for ``s3a://`` from ``settings``.

    Credentials are set here, in the driver's memory, so that no command line shows them; Spark
    passes them to its executors and redacts them in its logs.
    """
    # Start the JVM first: options set before its start are visible on its command line.
    SparkContext.setSystemProperty("spark.app.name", name)
    builder = SparkSession.builder.appName(name)
    options = {
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.sql.shuffle.partitions": "8",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.endpoint.region": settings.s3_region,
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
    }
    if settings.s3_endpoint:
        options["spark.hadoop.fs.s3a.endpoint"] = settings.s3_endpoint
        options["spark.hadoop.fs.s3a.connection.ssl.enabled"] = str(
            settings.s3_endpoint.startswith("https")
        ).lower()
    if settings.s3_access_key and settings.s3_secret_key:
        options["spark.hadoop.fs.s3a.access.key"] = settings.s3_access_key.get_secret_value()
        options["spark.hadoop.fs.s3a.secret.key"] = settings.s3_secret_key.get_secret_value()
    master = SparkConf().get("spark.master", None) or settings.spark_master
    # By default s3a buffers uploads in /tmp, below a name that other accounts can foresee. On a
    # cluster, a relative path is in the folder that a worker gives to the application.
    options["spark.hadoop.fs.s3a.buffer.dir"] = "s3a"
    if master.startswith("local"):
        options |= {
            "spark.driver.bindAddress": LOOPBACK,
            "spark.driver.host": LOOPBACK,
            # Other accounts of this machine reach the driver's ports. Here Spark makes the secret;
            # for a cluster, its administrators set one.
            "spark.authenticate": "true",
            "spark.hadoop.fs.s3a.buffer.dir": str(settings.home / "tmp" / "s3a"),
        }
    builder = builder.master(master)
    for key, value in options.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("WARN")
    return spark


def is_local(spark: SparkSession) -> bool:
    """Return whether Spark runs on this machine only (``local[…]``)."""
    return str(spark.sparkContext.master).startswith("local")
