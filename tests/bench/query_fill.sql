-- SPDX-License-Identifier: Apache-2.0
-- Fills an empty journal with :rows alerts of a month, about 1.1 KB each, for tests/bench/query. They are not chained.
-- 45 rules, the first ones far more often than the last; 100 units and 200 containers; 40 programs; 60,000 pids.
PRAGMA synchronous = OFF;
PRAGMA cache_size = -1000000;
WITH RECURSIVE
	numbers(n, mix, skew) AS (
		SELECT 1, 0, 0
		UNION ALL
		SELECT n + 1, (n + 1) * 2654435761 % 4294967296, (n + 1) * 40503 % 65536 FROM numbers WHERE n < :rows),
	drawn AS (
		SELECT n, 1714521600000000000 + n * (2592000000000000 / :rows) AS time, 45 * skew * skew / 65536 / 65536 AS rule,
			mix / 4096 % 300 AS place, mix / 256 % 40 AS program, 100 + mix / 16 % 60000 AS pid
		FROM numbers),
	placed AS (
		SELECT *, printf('%08x-%04x-7000-8000-%012x', time / 65536000000, time / 1000000 % 65536, n) AS uuid,
			printf('Rule %02d of the benchmark', rule) AS name, 1 + rule % 7 AS priority,
			CASE WHEN rule % 3 THEN 'exec' WHEN rule % 2 THEN 'open' ELSE 'connect' END AS kind,
			CASE WHEN place < 100 THEN printf('/system.slice/service-%02d.service', place)
				ELSE printf('/system.slice/docker-%012x%052x.scope', place, place) END AS path,
			CASE WHEN place < 100 THEN 'host' ELSE printf('%012x', place) END AS container,
			printf('program-%02d', program) AS comm, printf('/usr/bin/program-%02d', program) AS exe
		FROM drawn)
INSERT INTO entries (uuid, time_ns, boot_id, rule, priority, kind, cgroup_id, cgroup_path, container_id, pid, start_ns, comm,
	exe, json)
SELECT uuid, time, '2e383c4e-b7ad-48bc-88c4-03ae8671851a', name, priority,
	kind, 1000 + place, path, container, pid, 1000000000 + n, comm, exe,
	printf('{"uuid":"%s","seq":%d,"time":"%sZ","rule":"%s","priority":"Notice",'
		|| '"source":"syscall","hostname":"host.example.org","output":"%s (exe=%s command=%s --number=%d --directory=/srv/www/'
		|| 'example.org --quiet cgroup=%s)","output_fields":{"proc.exepath":"%s","proc.cmdline":"%s --number=%d '
		|| '--directory=/srv/www/example.org --quiet","cgroup.path":"%s","evt.time":"%s","evt.type":"execve","evt.kind":"%s",'
		|| '"evt.cpu":0,"evt.seq":%d,"proc.pid":%d,"proc.start_boottime":1000000000,"proc.name":"%s","proc.cwd":"/srv/www",'
		|| '"proc.ppid":1,"user.uid":%d,"user.loginuid":-1,"cgroup.id":%d,"container.id":"%s"},"tags":["bench"],'
		|| '"action":"alert","verdict":"none","kind":"%s"}',
		uuid, n, strftime('%Y-%m-%dT%H:%M:%f', time / 1000000000, 'unixepoch'), name, name, exe, comm, n, path,
		exe, comm, n, path, strftime('%H:%M:%f', time / 1000000000, 'unixepoch'), kind, n, pid, comm, n % 7 * 1000,
		1000 + place, container, kind)
FROM placed;
