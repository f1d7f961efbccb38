/** @file Reads both sides of the gate, judges, and writes what CI servers read. */
import { appendToFile, writeFileAtomic } from '../../base/files.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { type Renewal, renewBaseline } from '../../results/gate/renew.js';
import {
  gateAnnotations,
  gateJunit,
  gateLine,
  gateMarkdown,
  gateTable,
  renewalText,
} from '../../results/gate/text.js';
import { type GateReport, judge } from '../../results/gate/verdict.js';
import { readRecords } from '../../results/index.js';

export interface GateSettings {
  /** A fraction. */
  readonly tolerance: number;
  readonly level: number;
  readonly junit: string | undefined;
  readonly markdown?: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
  /** Columns of the terminal (default 80). */
  readonly width?: number;
}

/** @throws UserError (exit code 2) where records cannot be read */
export async function runGate(
  baseline: string,
  results: string,
  { tolerance, level, junit, markdown, environment, width }: GateSettings,
): Promise<{ readonly report: GateReport; readonly text: string; readonly annotations: readonly string[] }> {
  const [before, after] = [await readRecords([baseline]), await readRecords([results])];
  const report = await judge(before, after, { tolerance, level, tasks: knownTasks.all() });
  if (junit !== undefined) await writeFileAtomic(junit, gateJunit(report));
  if (markdown !== undefined) await writeFileAtomic(markdown, `${gateMarkdown(report)}\n`);
  const onGitHub = environment.GITHUB_ACTIONS === 'true';
  if (onGitHub && environment.GITHUB_STEP_SUMMARY) {
    await appendToFile(environment.GITHUB_STEP_SUMMARY, `${gateMarkdown(report)}\n`);
  }
  return {
    report,
    text: `${gateTable(report, width)}\n${gateLine(report)}`,
    annotations: onGitHub ? gateAnnotations(report) : [],
  };
}

export interface UpdateSettings extends Pick<GateSettings, 'tolerance' | 'level' | 'width'> {
  readonly incomplete: boolean;
  readonly add: boolean;
}

/** @throws UserError where results are incomplete or damaged: the baseline is then as it was */
export async function updateBaseline(
  baseline: string,
  results: string,
  { width, ...options }: UpdateSettings,
): Promise<{ readonly renewal: Renewal; readonly text: string }> {
  const renewal = await renewBaseline(baseline, results, { ...options, tasks: knownTasks.all() });
  return { renewal, text: renewalText(baseline, renewal, width) };
}
