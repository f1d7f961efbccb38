#!/usr/bin/env bash
# What is to be measured and shown on a CUDA device, in one go of about ten minutes; every step has its own limit and its own file,
# so that a session that is cut off leaves what it had.
#   bash unpack.sh && . ./env.sh && cd app && bash bench/gpu/session.sh OUT     where pack.sh's pieces lie
#   bash bench/gpu/session.sh OUT host                                          the processor in the device's place
set -u
out=$(realpath -m "$1") device=${2:-cuda} node=${N:-node}
mkdir -p "$out"
export EHMAM_CACHE=$out/cache
main=dist/src/cli/main.js
# Functions of steps run in a shell of their own, which knows no arrays.
export out node main provider='--provider cuda' deterministic='--deterministic'
[ "$device" = cuda ] || provider='--provider cpu' deterministic=''
few=() patience=1
[ "$device" = cuda ] || few=(--steps 1 --warm 0) patience=5

step() { # NAME SECONDS COMMAND...
  local name=$1 seconds=$2 start=$SECONDS
  shift 2
  timeout $((patience * seconds)) "$@" >"$out/$name.txt" 2>"$out/$name.err"
  echo "$name: code $? after $((SECONDS - start)) s"
  tail -n 4 "$out/$name.err" | cut -c1-300
}

# Noise to read.
step speech 60 "$node" -e '
const { mkdirSync, writeFileSync } = require("node:fs");
const folder = process.argv[1];
mkdirSync(folder, { recursive: true });
const rows = ["id,path,split"];
for (let i = 0; i < 32; i++) {
  const samples = 16000 * 3, data = Buffer.alloc(44 + 2 * samples);
  data.write("RIFF"); data.writeUInt32LE(36 + 2 * samples, 4); data.write("WAVEfmt ", 8); data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20); data.writeUInt16LE(1, 22); data.writeUInt32LE(16000, 24); data.writeUInt32LE(32000, 28);
  data.writeUInt16LE(2, 32); data.writeUInt16LE(16, 34); data.write("data", 36); data.writeUInt32LE(2 * samples, 40);
  let state = i + 1;
  for (let n = 0; n < samples; n++) { state = (state * 1103515245 + 12345) & 0x7fffffff; data.writeInt16LE((state % 8000) - 4000, 44 + 2 * n); }
  writeFileSync(`${folder}/${i}.wav`, data); rows.push(`${i},${i}.wav,train`);
}
writeFileSync(`${folder}/speech.csv`, rows.join("\n") + "\n");' "$out/speech"

# Driver, libraries, every operator beside the processor's.
step doctor 240 "$node" $main doctor
# The check at the first use of a device, then what it keeps; remarks name what the processor runs.
step first-use 120 "$node" $main features random:tiny "$out/speech/0.wav" --out "$out/features" $provider
step second-use 60 "$node" $main features random:tiny "$out/speech/0.wav" --out "$out/features" $provider
# Five updates twice, with and without deterministic kernels: 0.0e+0 where they repeat.
step repeat 60 "$node" dist/bench/gpu/agree.js --device "$device" --only updates
step repeat-deterministic 60 "$node" dist/bench/gpu/agree.js --device "$device" --only updates --deterministic
# Times beside PyTorch; a row as soon as it is there.
step features 150 "$node" dist/bench/gpu/main.js --device "$device" --questions features "${few[@]}"
step tiny 60 "$node" dist/bench/gpu/main.js --device "$device" --questions tiny "${few[@]}"
step tiny-deterministic 60 "$node" dist/bench/gpu/main.js --device "$device" --questions tiny --deterministic "${few[@]}"
if [ "$device" = cuda ]; then
  step updates 150 "$node" dist/bench/gpu/main.js --questions small base
  step run 90 "$node" dist/bench/gpu/main.js --questions run
  step base-deterministic 60 "$node" dist/bench/gpu/main.js --questions base --deterministic
  step asr 90 "$node" dist/bench/gpu/main.js --questions asr
  step agree 150 "$node" dist/bench/gpu/agree.js
fi

# A pull of the plug: a run that is killed and goes on must end in the bytes of one that was left alone.
pretrain() { # FOLDER [--resume]
  "$node" $main pretrain --preset tiny --manifest "$out/speech/speech.csv" --out "$out/$1" --steps 40 --quiet \
    --set checkpointEvery=10 --set 'batch.size=4' ${2:-} $provider $deterministic
}
killed() {
  rm -rf "$out/whole" "$out/cut"
  pretrain whole || return 1
  pretrain cut &
  local shell=$!
  until compgen -G "$out/cut/checkpoints/*" >/dev/null || ! kill -0 $shell 2>/dev/null; do sleep 0.1; done
  pkill -9 -P $shell
  wait $shell
  echo "killed with code $?, at the checkpoint $(ls "$out/cut/checkpoints")"
  pretrain cut --resume || return 1
  cmp "$out/whole/model.safetensors" "$out/cut/model.safetensors" && echo 'the same bytes'
}
export -f pretrain killed
step killed 180 bash -c killed
