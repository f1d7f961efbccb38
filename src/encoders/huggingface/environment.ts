/** @file What the environment says of the Hugging Face hub, as its own tools (huggingface_hub 1, transformers 5) read it. */
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

const publicHub = 'https://huggingface.co';

/** $HF_ENDPOINT, or the public hub. */
export function hubUrl({ HF_ENDPOINT }: Environment = process.env): string {
  return (HF_ENDPOINT || publicHub).replace(/\/+$/, '');
}

/** The variable that forbids the network, if one does. */
export function offlineVariable(environment: Environment = process.env): string | undefined {
  return ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE'].find((name) => isOn(environment[name]));
}

/** The cache's folder: $HF_HUB_CACHE, else `hub` in the hub's home. */
export function hubCacheFolder(environment: Environment = process.env): string {
  const given = environment.HF_HUB_CACHE || environment.HUGGINGFACE_HUB_CACHE;
  return given ? expanded(given, environment) : join(homeFolder(environment), 'hub');
}

/**
 * What lets private models in: $HF_TOKEN, else the file that `hf auth login` writes; undefined where there is none, or
 * $HF_HUB_DISABLE_IMPLICIT_TOKEN forbids to send it unasked.
 */
export async function hubToken(environment: Environment = process.env): Promise<string | undefined> {
  if (isOn(environment.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const given = environment.HF_TOKEN || environment.HUGGING_FACE_HUB_TOKEN;
  const file = environment.HF_TOKEN_PATH || join(homeFolder(environment), 'token');
  const text = given || (await readFile(expanded(file, environment), 'utf8').catch(() => ''));
  return text.trim() || undefined;
}

/** $HF_HOME, else ~/.cache/huggingface. */
function homeFolder(environment: Environment): string {
  const { HF_HOME, XDG_CACHE_HOME } = environment;
  return expanded(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), '.cache'), 'huggingface'), environment);
}

/** A path with `~` and variables as a shell would read them: in quotes they reach us as they are. */
function expanded(path: string, environment: Environment): string {
  const filled = path.replaceAll(
    /\$(?:(\w+)|\{(\w+)\})/g,
    (all, bare, braced) => environment[bare ?? braced] ?? all,
  );
  return /^~(?=\/|$)/.test(filled) ? join(homedir(), filled.slice(1)) : filled;
}

const isOn = (value: string | undefined): boolean => /^(1|true|yes|on)$/i.test(value ?? '');
