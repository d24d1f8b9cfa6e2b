#!/usr/bin/env bash
# Runs real rounds over a shaped network on one host: a NATS server and N machines in separate network namespaces, each
# with an address and a link of RATE and DELAY. Needs root, iproute2 and nats-server.
#   bench/cluster/netns.sh N RATE DELAY -- FLAGS of train …
# Prints the digest of each machine and, from its log, bytes and milliseconds of a round.
set -eu
nodes=$1 rate=$2 delay=$3
shift 4
cd "$(dirname "$0")/.."
work=$(mktemp -d)
bridge=lsbr$$
pids=()
clean() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for i in $(seq 0 "$nodes"); do ip netns del "ls$$-$i" 2>/dev/null || true; done
  ip link del "$bridge" 2>/dev/null || true
  rm -rf "$work"
}
trap clean EXIT
shape() { # with delay where the kernel has netem, else only with the rate
  "$@" netem delay "$delay" rate "$rate" limit 100000 2>/dev/null || "$@" tbf rate "$rate" burst 64kb latency 1s
}

ip link add "$bridge" type bridge
ip link set "$bridge" up
for i in $(seq 0 "$nodes"); do # 0 is the server's
  ns=ls$$-$i
  ip netns add "$ns"
  ip link add "v$$-$i" type veth peer name eth0 netns "$ns"
  ip link set "v$$-$i" master "$bridge" up
  ip -n "$ns" addr add "10.99.0.$((i + 1))/24" dev eth0
  ip -n "$ns" link set eth0 up
  ip -n "$ns" link set lo up
  if [ "$i" -gt 0 ]; then # both ways of a machine's link
    shape tc -n "$ns" qdisc add dev eth0 root
    shape tc qdisc add dev "v$$-$i" root
  fi
done

ip netns exec "ls$$-0" nats-server -js -sd "$work/store" -a 10.99.0.1 -p 4222 >"$work/nats.log" 2>&1 &
pids+=($!)
sleep 1
machines=()
for i in $(seq 1 "$nodes"); do
  ip netns exec "ls$$-$i" deno run -q -P=train --allow-net --allow-write="$work" main.ts train "$@" \
    --cluster nats://10.99.0.1:4222 --name netns --node "n$i" --min-nodes "$nodes" --workers 1 --exit --port 0 \
    --runs-dir "$work/$i" >"$work/$i.log" 2>&1 &
  pids+=($!)
  machines+=($!)
done
for pid in "${machines[@]}"; do wait "$pid" || tail -n 3 "$work"/*.log; done
for i in $(seq 1 "$nodes"); do
  grep -h Digest "$work/$i.log"
  python3 - "$work/$i" <<'PY'
import glob, json, sys, datetime
events = [json.loads(line) for line in open(glob.glob(sys.argv[1] + "/*/events.jsonl")[0])]
progress = [event for event in events if event["type"] == "progress"]
shown = [event for event in events if event["type"] == "cluster"]
at = lambda event: datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()
first, last = progress[0], progress[-1]
rounds = last["round"] - first["round"]
own = next(m for m in shown[-1]["members"] if m["member"] == shown[-1]["member"])
compute = sum(w["compute"] for event in progress[1:] for w in event["workers"]) / max(1, len(progress) - 1)
print(f"  {1000 * (at(last) - at(first)) / rounds:.1f} ms a round over {rounds} rounds, computing {100 * compute:.0f} %; "
      f"{own['bytesUp'] / max(1, own['round']):.0f} bytes up, {own['bytesDown'] / max(1, own['round']):.0f} down a round")
PY
done
