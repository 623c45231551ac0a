#!/bin/bash
# Stands for the Reporting API: it knows its databases by their short names, and
# nothing of namespaces, addresses or Fairlead.
for db in analytics-db legacy-metrics-db; do
	exec 3<>"/dev/tcp/$db/5432" || exit 1
	echo 'SELECT name;' >&3
	read -r answer <&3
	echo "$db: $answer"
	exec 3>&-
done
