"""Web server, daemon and code servers as processes of their own, and the files that start them.

`code_servers` reads workspace.yaml, `service_files` writes what starts the processes (supervisor,
systemd, containers, Kubernetes), `answers` restarts one that hangs, `health_checks` asks whether
all of them work.
"""
