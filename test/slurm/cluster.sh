#!/usr/bin/env bash
# A Slurm cluster of two nodes on this host, for tests. Everything it has lies in one folder; nothing of the system's
# own Slurm or MUNGE set-up is read or written. Needs Debian's `slurm-wlm` and `munge`, and root.
#
#   cluster.sh start DIR        starts it; then `SLURM_CONF=DIR/slurm.conf sbatch ...` (the folder must not be in /tmp/*/tmp)
#   cluster.sh kill-node DIR n1      kill -9 of the node: its slurmd, the job steps on it and all that they started
#   cluster.sh start-node DIR n1     starts a killed node again
#   cluster.sh stop DIR         kills all its processes, by their ids
set -euo pipefail

command=${1:?start, stop, kill-node or start-node}
dir=$(mkdir -p "${2:?a folder}" && cd "$2" && pwd)
export SLURM_CONF=$dir/slurm.conf
nodes=(n1 n2)

# Ids of processes that belong to a node: slurmd and its steps carry the mark, what they started carries Slurm's own.
processes_of() {
  local pid
  for pid in $(cd /proc && printf '%s\n' [0-9]*); do
    { tr '\0' '\n' <"/proc/$pid/environ" | awk -v conf="SLURM_CONF=$SLURM_CONF" -v node="$1" '
      $0 == conf { ours = 1 }
      $0 == "EHMAM_TEST_NODE=" node || $0 == "SLURMD_NODENAME=" node { here = 1 }
      END { exit !(ours && here) }'; } 2>/dev/null && echo "$pid"
  done
  return 0
}

# Twice: a process may be starting another while the list is made.
kill_node() {
  local pid round
  for round in 1 2 3; do
    for pid in $(processes_of "$1"); do
      [ "$pid" != $$ ] && kill -9 "$pid" 2>/dev/null || true
    done
  done
  rm -f "$dir/$1/slurmd.pid"
}

start_node() {
  mkdir -p "$dir/$1"
  env -u SLURMD_NODENAME EHMAM_TEST_NODE="$1" slurmd -N "$1" -f "$SLURM_CONF" -L "$dir/$1/slurmd.log"
}

stop_by_file() {
  local pid
  [ -f "$1" ] && pid=$(cat "$1") || return 0
  kill "$pid" 2>/dev/null || return 0
  for _ in $(seq 50); do
    kill -0 "$pid" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid" 2>/dev/null || true
}

# The first of four ports on which nobody listens.
free_ports() {
  local first port
  while true; do
    first=$((20000 + RANDOM % 10000))
    for port in "$first" $((first + 1)) $((first + 2)); do
      (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && continue 2
    done
    echo "$first"
    return
  done
}

start() {
  local port host node
  port=$(free_ports)
  host=$(hostname -s)
  mkdir -p "$dir/munge" "$dir/state"
  chmod 755 "$dir" "$dir/munge"
  (umask 077 && head -c 1024 /dev/urandom >"$dir/munge/key")
  cat >"$SLURM_CONF" <<CONF
ClusterName=ehmam
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
# A requeued job starts again once its old credential has expired: after 120 s, if this did not say 5 (the least).
AuthInfo=socket=$dir/munge/socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/%n/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/%n/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SwitchType=switch/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/none
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,sched_min_interval=100000,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
ReturnToService=2
JobRequeue=1
SlurmdTimeout=6
BatchStartTimeout=2
MessageTimeout=5
MinJobAge=300
KillWait=5
MaxArraySize=${MAX_ARRAY_SIZE:-1001}
NodeName=n[1-2] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((port + 1))-$((port + 2))] CPUs=1 RealMemory=1000 State=UNKNOWN
PartitionName=work Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
CONF
  munged --force --key-file="$dir/munge/key" --socket="$dir/munge/socket" --pid-file="$dir/munge/pid" \
    --log-file="$dir/munge/log" --seed-file="$dir/munge/seed"
  slurmctld -f "$SLURM_CONF"
  for node in "${nodes[@]}"; do start_node "$node"; done
  for _ in $(seq 100); do
    [ "$(sinfo --noheader --Node --format=%t 2>/dev/null | grep -c '^idle$')" -eq ${#nodes[@]} ] && return 0
    sleep 0.2
  done
  echo 'the nodes did not come up' >&2
  tail -n 20 "$dir"/*.log "$dir"/n?/*.log "$dir/munge/log" >&2
  return 1
}

stop() {
  local node
  for node in "${nodes[@]}"; do kill_node "$node"; done
  stop_by_file "$dir/slurmctld.pid"
  stop_by_file "$dir/munge/pid"
}

case $command in
start) start ;;
stop) stop ;;
kill-node) kill_node "${3:?a node}" ;;
start-node) start_node "${3:?a node}" ;;
*)
  echo "no such command: $command" >&2
  exit 2
  ;;
esac
