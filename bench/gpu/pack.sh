#!/usr/bin/env bash
# Packs what a CUDA machine without a network needs to run `bench:gpu` and the program: Node, production modules, the built
# project with its fixtures, ONNX Runtime's CUDA libraries of the installed version.
#   bench/gpu/pack.sh OUT [ARCH]     ARCH: the device's compute capability to keep, 90 for H100 and H200; all without it
# OUT/pieces then holds files of at most 20 MB and unpack.sh. Run it in a checkout after `npm ci && npm run build`.
# Needs pip, xz, unzip, python3. CUDA 13 and cuDNN must be on the machine, in its toolkit or in a Python environment.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$(realpath -m "$1") arch=${2:-}
mkdir -p "$out/pieces" "$out/wheel"
rm -f "$out"/pieces/app.tar.xz.*
version=$(node -p "require('onnxruntime-node/package.json').version")

npm ls --omit=dev --all --parseable 2>/dev/null | sed "s#^$PWD/##" | grep '^node_modules' | sort -u |
  grep -v -e '@echogarden' -e 'node_modules/koffi/' >"$out/modules.txt"
tar cf - --exclude='*.map' --exclude='*.d.ts' --exclude='*/win32/*' --exclude='*/darwin/*' --exclude='*/linux/arm64*' \
  --exclude='node_modules/koffi/doc' \
  --exclude='dist/bundled/echarts*' --exclude='test/fixtures/toolkits' --exclude='test/fixtures/audio' --exclude='tiny-*.pt' \
  -T "$out/modules.txt" dist package.json tasks manifests test/fixtures bench/pytorch bench/gpu |
  xz -T2 -3 -c | split -b 20000000 -d - "$out/pieces/app.tar.xz."

if [ ! -e "$out/pieces/unpack.sh" ]; then
  pip download -q --no-deps -d "$out/wheel" "onnxruntime-gpu==$version"
  (cd "$out/wheel" && unzip -qo ./*.whl 'onnxruntime/capi/libonnxruntime*')
  capi="$out/wheel/onnxruntime/capi"
  python3 bench/gpu/prune.py "$capi/libonnxruntime_providers_cuda.so" "$out/cuda.so" $arch
  xz -T2 -3 -c "$out/cuda.so" | split -b 20000000 -d - "$out/pieces/cuda.so.xz."
  xz -T2 -3 -c "$(readlink -f "$(command -v node)")" | split -b 20000000 -d - "$out/pieces/node.xz."
  tar cf - -C "$capi" libonnxruntime_providers_shared.so | xz -T2 -3 >"$out/pieces/ort.tar.xz"
fi
cat >"$out/pieces/unpack.sh" <<'U'
# Run in the folder with all pieces: unpacks node, app/ and ort/; `. ./env.sh` then sets what programs need.
set -e
[ -x node ] || { cat node.xz.* | xz -dc >node.new; chmod +x node.new; mv node.new node; }
[ -e ort/libonnxruntime_providers_cuda.so ] || {
  mkdir -p ort; tar xJf ort.tar.xz -C ort; cat cuda.so.xz.* | xz -dc >ort/libonnxruntime_providers_cuda.so
}
rm -rf app; mkdir app; cat app.tar.xz.* | tar xJf - -C app
site=$(python3 -c 'import site; print(site.getsitepackages()[0])')
cat >env.sh <<V
export EHMAM_ORT=$PWD/ort N=$PWD/node EHMAM_PYTHON=\$(command -v python3)
export LD_LIBRARY_PATH=$(ls -d "$site"/nvidia/*/lib 2>/dev/null | tr '\n' ':')\$LD_LIBRARY_PATH
V
U
ls -la "$out/pieces"
