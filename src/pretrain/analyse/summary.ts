/** @file An analysis as lines for a person. */
import type { Analysis, Correlation, Mean, PredictorFindings, RegionShares } from './analyse.js';
import { type TeacherPredictor, teacherPredictors } from './passes.js';

/** What was found, in a few lines. */
export function summarize(analysis: Analysis): string {
  const { rankCorrelation, repeatability, predictors, regions, schedule, information } = analysis;
  const short = analysis.tooShort === 0 ? '' : `, ${analysis.tooShort} too short ones skipped`;
  const [first, last] = [schedule[0], schedule.at(-1)];
  const course = [first, last].flatMap((point) =>
    point === undefined
      ? []
      : [
          `  epoch ${point.epoch}: hard share ${point.hardShare.toFixed(2)}, masks ${percent(point.maskedFraction)}` +
            ` of frames (random ${percent(point.randomMaskedFraction)}), hard spans overlap by ` +
            (point.hardSpanOverlap === undefined ? '-' : percent(point.hardSpanOverlap)),
        ],
  );
  return [
    `${analysis.utterances} utterances, ${analysis.frames} frames${short}`,
    'rank correlation of predicted and actual frame loss (within an utterance; over all frames):',
    `  teacher ${correlationText(rankCorrelation.teacher)}`,
    `  student ${correlationText(rankCorrelation.student)}`,
    `  actual loss with itself, other frames masked ${correlationText(repeatability)}`,
    "the same of what could predict in the teacher's place, and the error of its chances (calibration):",
    ...teacherPredictors.map((name) => predictorText(name, predictors[name])),
    `frames by region (${regions.aligned} utterances from alignments, ${regions.byEnergy} from energy):`,
    `  all            ${sharesText(regions.all)}`,
    `  masked, hard   ${sharesText(regions.maskedHard)}`,
    `  masked, random ${sharesText(regions.maskedRandom)}`,
    ...(regions.maskedOwn === undefined ? [] : [`  masked, own    ${sharesText(regions.maskedOwn)}`]),
    'schedule with these predictions:',
    ...course,
    'loss of the remaining frames, if hard frames are hidden or as many random ones:',
    `  hard ${meanText(information.hard)}, random ${meanText(information.random)}, difference ${meanText(information.difference)}`,
  ].join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const meanText = ({ mean, standardError }: Mean): string =>
  `${mean.toFixed(3)} ± ${standardError.toFixed(3)}`;

const correlationText = ({ withinUtterance, pooled }: Correlation): string =>
  `${withinUtterance === undefined ? '-' : meanText(withinUtterance)}; ${pooled === undefined ? '-' : pooled.toFixed(3)}`;

const predictorNames: Readonly<Record<TeacherPredictor, string>> = {
  averagedFromTargets: 'averaged weights, read targets        ',
  averagedFromEncoder: 'averaged weights, read encoder output ',
  studentFromTargets: "student's weights, read targets       ",
  studentFromEncoder: "student's weights, read encoder output",
};

const predictorText = (name: TeacherPredictor, { rankCorrelation, calibration }: PredictorFindings): string =>
  `  ${predictorNames[name]} ${correlationText(rankCorrelation)}; ${calibration === undefined ? '-' : calibration.error.toFixed(3)}`;

const sharesText = ({ speech, silence, boundary }: RegionShares): string =>
  `speech ${percent(speech)}, silence ${percent(silence)}, boundaries ${percent(boundary)}`;
