"""Who reaches the ports of a Spark driver on this machine."""

import pytest
from py4j.protocol import Py4JJavaError

pytestmark = pytest.mark.integration
RECEIVER = "HeartbeatReceiver"


def connect(spark, **options):
    """Look up an endpoint of the driver, as another process on this machine does."""
    java, driver = spark._jvm, spark.sparkContext.getConf()
    conf = java.org.apache.spark.SparkConf(False)
    for name, value in {"master": "spark://other:1", "rpc.lookupTimeout": "20s", **options}.items():
        conf = conf.set(f"spark.{name}", value)
    constants = getattr(getattr(java.org.apache.spark.internal.config, "package$"), "MODULE$")
    security = java.org.apache.spark.SecurityManager(
        conf, java.scala.Option.empty(), constants.AUTH_SECRET_FILE()
    )
    here = "127.0.0.1"
    other = java.org.apache.spark.rpc.RpcEnv.create("other", here, 0, conf, security, True)
    try:
        port = int(driver.get("spark.driver.port"))
        address = java.org.apache.spark.rpc.RpcAddress(driver.get("spark.driver.host"), port)
        return str(other.setupEndpointRef(address, RECEIVER))
    finally:
        other.shutdown()


def test_a_driver_answers_who_knows_its_secret_and_nobody_without_one(spark):
    secret = spark._jvm.org.apache.spark.SparkEnv.get().securityManager().getSecretKey()
    assert len(secret) >= 32
    assert RECEIVER in connect(spark, **{"authenticate": "true", "authenticate.secret": secret})
    with pytest.raises(Py4JJavaError):
        connect(spark)
