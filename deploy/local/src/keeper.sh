# Ends the engines when the process that started them is gone: it reads "watch PID" and "forget PID" lines,
# and the end of its input means that nobody is left to stop them. A shell, because it costs 1 MB and Node 40.
trap '' INT HUP
pids=""
while read -r verb pid; do
  case "$verb" in
    watch) pids="$pids $pid" ;;
    forget)
      kept=""
      for p in $pids; do [ "$p" = "$pid" ] || kept="$kept $p"; done
      pids="$kept"
      ;;
  esac
done

# Each engine leads its own process group, so what it forked ends with it.
for p in $pids; do kill -s TERM -- "-$p" 2>/dev/null; kill -s CONT -- "-$p" 2>/dev/null; done
tries=0
while [ "$tries" -lt 30 ]; do
  alive=""
  for p in $pids; do kill -0 "$p" 2>/dev/null && alive="$alive $p"; done
  [ -z "$alive" ] && exit 0
  sleep 0.1
  tries=$((tries + 1))
done
for p in $alive; do kill -s KILL -- "-$p" 2>/dev/null; done
exit 0
