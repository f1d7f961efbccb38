/** @file The most memory that this process has held. */
import { readFileSync } from 'node:fs';

/**
 * In bytes. `resourceUsage` counts what the process that started this one held when it did so; Linux keeps the peak of the
 * program's own memory apart.
 */
export function peakBytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}
