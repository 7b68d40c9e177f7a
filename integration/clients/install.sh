#!/usr/bin/env bash
# Installs the clients that are not Go's, for TestClientPython and TestClientJava, Kafka's tools for TestKafkaTools, and Kafka itself,
# for package oracle: Python packages and jars, into the folder that it is given. Needs python3 with
# venv, a JDK (17 or newer for Kafka) and Maven.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
into=$1

python3 -m venv "$into/python"
"$into/python/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
for version in 2.8.2 4.1.0; do
  mvn --quiet --batch-mode -Dstyle.color=never -f "$here/pom.xml" -Dkafka.version=$version dependency:copy-dependencies -DoutputDirectory="$into/java-$version"
done
mvn --quiet --batch-mode -Dstyle.color=never -f "$here/kafka.xml" -Dkafka.version=4.4.0 dependency:copy-dependencies -DoutputDirectory="$into/kafka-4.4.0"
mvn --quiet --batch-mode -Dstyle.color=never -f "$here/tools.xml" -Dkafka.version=4.4.0 dependency:copy-dependencies -DoutputDirectory="$into/kafka-tools-4.4.0"
