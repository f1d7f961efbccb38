/** @file How far a run has come and how long the rest of it may take, from what jobs say while they are done. */
import { type Estimator, estimatorOf, type Measure, paceOf, roughSeconds } from './estimate.js';
import { type Job, type JobKind, jobKinds } from './job.js';
import { scheduleOf } from './schedule.js';

/** A job that is done now. */
export interface RunningForecast {
  readonly job: Job;
  /** From 0 to 1; undefined before it said anything. */
  readonly share: number | undefined;
  readonly note: string | undefined;
  readonly secondsLeft: number | undefined;
}

/** The jobs of one kind. */
export interface KindForecast {
  readonly kind: JobKind;
  readonly jobs: number;
  readonly done: number;
  readonly failed: number;
  /** Seconds of audio a second of one process, where that is what the kind works on. */
  readonly audioRate: number | undefined;
  /** Mean seconds of a job, where jobs are all that can be counted. */
  readonly secondsEach: number | undefined;
  /** Until the last of them is done, the jobs before them included; undefined before anything was measured. */
  readonly secondsLeft: number | undefined;
}

export interface Forecast {
  readonly jobs: number;
  readonly done: number;
  readonly failed: number;
  /** Worker processes, where it is known how many there are. */
  readonly workers: number | undefined;
  /** Undefined before anything was measured. */
  readonly secondsLeft: number | undefined;
  /** Whether some of what is left is like nothing that was measured. */
  readonly rough: boolean;
  readonly kinds: readonly KindForecast[];
  readonly running: readonly RunningForecast[];
}

/** The course of a run; times are seconds of one clock. */
export interface RunCourse {
  started(job: Job, at: number): void;
  progress(job: Job, share: number, note: string | undefined, at: number): void;
  done(job: Job, at: number): void;
  failed(job: Job): void;
  /** It stopped: it is to be done still. */
  putBack(job: Job): void;
  forecast(at: number): Forecast;
}

export interface CourseOptions {
  /** Jobs at a time; where nobody knows, as many as were seen. */
  readonly workers?: number | undefined;
  /** Measured in this results folder before. */
  readonly now?: readonly Measure[];
  /** Measured earlier on this machine. */
  readonly before?: readonly Measure[];
  /** Of a job's work, at the start of the run: what is there already costs nothing. */
  readonly shareLeft?: (job: Job) => number;
}

interface Point {
  readonly share: number;
  readonly at: number;
}

interface Running {
  readonly since: number;
  /** The first that it said, when all was loaded, and the last. */
  readonly first?: Point;
  readonly last?: Point;
  readonly note?: string | undefined;
}

/** A share this small, or a time this short, says nothing yet. */
const [leastShare, leastSeconds] = [0.02, 3];
/** From here on a first share is where an earlier run had stopped. */
export const resumedFrom = 0.1;

/** How much of a job's work was done since it first said how far it is; none where it said nothing. */
export const freshShare = (firstShare: number | undefined): number =>
  firstShare === undefined ? 0 : firstShare > resumedFrom ? 1 - firstShare : 1;

/** The course of a run of some jobs; those they need beyond them are done. */
export function courseOf(todo: readonly Job[], options: CourseOptions = {}): RunCourse {
  const { now = [], before = [], shareLeft } = options;
  const open = new Set(todo);
  const running = new Map<Job, Running>();
  const measured = new Map<Job, Measure & { readonly work: number }>();
  const doneJobs = new Set<Job>();
  const failedJobs = new Set<Job>();
  let seen = 1;
  return {
    started(job, at) {
      running.set(job, { since: at });
      seen = Math.max(seen, running.size);
    },
    progress(job, share, note, at) {
      const { since = at, first = { share, at } } = running.get(job) ?? {};
      running.set(job, { since, first, last: { share, at }, note });
    },
    done(job, at) {
      const own = running.get(job);
      const fresh = freshShare(own?.first?.share);
      if (own !== undefined && fresh > 0)
        measured.set(job, {
          ...measureOf(job, at - own.since, fresh),
          work: job.work * fresh,
        });
      running.delete(job);
      open.delete(job);
      doneJobs.add(job);
    },
    failed(job) {
      running.delete(job);
      failedJobs.add(job);
    },
    putBack: (job) => void running.delete(job),
    forecast(at) {
      const going = [...running].flatMap(([job, own]) => measureSoFar(job, own));
      const estimator = estimatorOf([...now, ...measured.values(), ...going], before, shareLeft);
      const left = new Map([...running].map(([job, own]) => [job, leftOf(job, own, at, estimator)]));
      const plan = { open: [...open], failed: failedJobs, running: left };
      const workers = options.workers ?? seen;
      const ends = estimator.known ? endsOf(plan, estimator, workers) : undefined;
      const waiting = plan.open.filter((job) => !left.has(job) && !failedJobs.has(job));
      const kinds = jobKinds.flatMap((kind): KindForecast[] => {
        const of = (jobs: Iterable<Job>): Job[] => [...jobs].filter((job) => job.kind === kind);
        const jobs = of(todo);
        if (jobs.length === 0) return [];
        return [
          {
            kind,
            jobs: jobs.length,
            done: of(doneJobs).length,
            failed: of(failedJobs).length,
            ...ratesOf(
              kind,
              [...measured].filter(([job]) => job.kind === kind).map(([, own]) => own),
              going,
            ),
            secondsLeft: ends && (ends.get(kind) ?? 0),
          },
        ];
      });
      return {
        jobs: todo.length,
        done: doneJobs.size,
        failed: failedJobs.size,
        workers: options.workers,
        secondsLeft: ends && Math.max(0, ...ends.values()),
        rough: waiting.some((job) => !estimator.of(job).measured),
        kinds,
        running: [...running].map(([job, { last, note }]) => ({
          job,
          share: last?.share,
          note,
          secondsLeft: estimator.known ? left.get(job) : undefined,
        })),
      };
    },
  };
}

const measureOf = (job: Job, seconds: number, share: number): Measure => ({
  pace: paceOf(job),
  seconds,
  rough: roughSeconds(job) * share,
});

/** Heads may end long before their last update, and are tested then: how far they are says little of the whole. */
const isEven = ({ kind }: Job): boolean => kind !== 'head';

/** Seconds for the whole of the work, by what was done since the job first spoke. */
function secondsByShare({ first, last }: Running): number | undefined {
  if (first === undefined || last === undefined) return undefined;
  const [share, seconds] = [last.share - first.share, last.at - first.at];
  return share < leastShare || seconds < leastSeconds ? undefined : seconds / share;
}

function measureSoFar(job: Job, own: Running): (Measure & { readonly work: number })[] {
  const { first, last } = own;
  if (!isEven(job) || secondsByShare(own) === undefined || first === undefined || last === undefined)
    return [];
  const share = last.share - first.share;
  return [{ ...measureOf(job, last.at - first.at, share), work: job.work * share }];
}

/** Seconds that a running job may still take. */
function leftOf(job: Job, own: Running, at: number, estimator: Estimator): number {
  const { seconds: whole, measured } = estimator.of(job);
  const elapsed = at - own.since;
  const { first, last } = own;
  // What an earlier run did of it costs nothing now.
  const asked = whole * (first !== undefined && first.share > resumedFrom ? 1 - first.share : 1);
  const byEstimate = Math.max(asked - elapsed, asked / 20);
  const byShare = secondsByShare(own);
  if (byShare === undefined || last === undefined) return byEstimate;
  const rest = Math.max(0, (1 - last.share) * byShare - (at - last.at));
  const trust = isEven(job) || !measured ? 1 : last.share;
  return trust * rest + (1 - trust) * byEstimate;
}

interface Rest {
  /** Jobs that are not done. */
  readonly open: readonly Job[];
  readonly failed: ReadonlySet<Job>;
  /** Seconds that each of those running may still take. */
  readonly running: ReadonlyMap<Job, number>;
}

/** When the last job of each kind ends, in seconds from now, done as the runner does them. */
function endsOf(
  { open, failed, running }: Rest,
  estimator: Estimator,
  workers: number,
): Map<JobKind, number> {
  const keys = new Set(open.map(({ key }) => key));
  const outside = new Set(open.flatMap(({ needs }) => needs).filter((key) => !keys.has(key)));
  const costs = new Map(open.map((job) => [job, running.get(job) ?? estimator.of(job).seconds]));
  const cost = (job: Job): number => costs.get(job) ?? 0;
  const schedule = scheduleOf(open, outside, cost);
  for (const job of failed) schedule.failed(job);
  const ends = new Map<JobKind, number>();
  const active = [...running].map(([job, seconds]) => ({ job, end: seconds }));
  let now = 0;
  for (;;) {
    while (active.length < workers) {
      const job = schedule.next();
      if (job === undefined) break;
      if (!running.has(job) && !failed.has(job)) active.push({ job, end: now + cost(job) });
    }
    const first = active.reduce<(typeof active)[number] | undefined>(
      (least, one) => (least === undefined || one.end < least.end ? one : least),
      undefined,
    );
    if (first === undefined) return ends;
    active.splice(active.indexOf(first), 1);
    now = first.end;
    ends.set(first.job.kind, Math.max(now, ends.get(first.job.kind) ?? 0));
    schedule.done(first.job);
  }
}

/** Seconds that jobs take with so many at a time, each after those it needs. */
export function secondsTogether(todo: readonly Job[], estimator: Estimator, workers: number): number {
  const rest = { open: todo, failed: new Set<Job>(), running: new Map<Job, number>() };
  return Math.max(0, ...endsOf(rest, estimator, workers).values());
}

function ratesOf(
  kind: JobKind,
  done: readonly (Measure & { readonly work: number })[],
  going: readonly (Measure & { readonly work: number })[],
): Pick<KindForecast, 'audioRate' | 'secondsEach'> {
  const sum = (of: readonly Measure[]): number => of.reduce((total, { seconds }) => total + seconds, 0);
  if (kind === 'head')
    return { audioRate: undefined, secondsEach: done.length === 0 ? undefined : sum(done) / done.length };
  const all = [...done, ...going.filter(({ pace }) => pace.startsWith(kind))];
  const seconds = sum(all);
  const work = all.reduce((total, one) => total + one.work, 0);
  return { audioRate: seconds > 0 ? work / seconds : undefined, secondsEach: undefined };
}
