/** @file The commands of the command line, in the order of the help. */

import { analyseCommand } from './analyse.js';
import { cardCommand } from './card.js';
import { cleanCommand } from './clean.js';
import type { Command } from './command.js';
import { compareCommand } from './compare.js';
import { demoCommand } from './demo.js';
import { doctorCommand } from './doctor.js';
import { evaluateCommand } from './evaluate.js';
import { exportCommand } from './export.js';
import { featuresCommand } from './features.js';
import { fetchCommand } from './fetch.js';
import { finetuneCommand } from './finetune.js';
import { gateCommand } from './gate.js';
import { helpCommand } from './help.js';
import { historyCommand } from './history.js';
import { inspectCommand } from './inspect.js';
import { listCommand } from './list.js';
import { lmCommand } from './lm.js';
import { paperCommand } from './paper.js';
import { planCommand } from './plan.js';
import { predictionsCommand } from './predictions.js';
import { prepareCommand } from './prepare.js';
import { pretrainCommand } from './pretrain.js';
import { reportCommand } from './report.js';
import { runCommand } from './run.js';
import { scoreCommand } from './score.js';
import { setupCommand } from './setup.js';
import { statusCommand } from './status.js';
import { studyCommand } from './study.js';
import { transcribeCommand } from './transcribe.js';
import { validateCommand } from './validate.js';
import { watchCommand } from './watch.js';
import { workCommand } from './work.js';

export const commands: readonly Command[] = [
  demoCommand,
  fetchCommand,
  prepareCommand,
  pretrainCommand,
  finetuneCommand,
  analyseCommand,
  studyCommand,
  validateCommand,
  planCommand,
  runCommand,
  evaluateCommand,
  transcribeCommand,
  statusCommand,
  watchCommand,
  cleanCommand,
  featuresCommand,
  inspectCommand,
  exportCommand,
  scoreCommand,
  compareCommand,
  paperCommand,
  cardCommand,
  reportCommand,
  predictionsCommand,
  lmCommand,
  gateCommand,
  historyCommand,
  listCommand,
  doctorCommand,
  setupCommand,
  helpCommand,
  workCommand,
];
