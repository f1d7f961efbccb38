/** @file Masking by what is truly hard: easy-to-hard with the actual loss in the place of the predicted one. */

import type { MaskingStrategy } from '../../api/masking-strategy.js';
import { scheduledShare } from './easy-to-hard.js';
import { needed } from './needed.js';
import { spansFrom } from './spans.js';

export const oracleHard: MaskingStrategy = {
  name: 'oracle-hard',
  about: "control: easy-to-hard by the student's actual loss, as if the prediction were perfect",
  needs: ['actualLoss'],
  hardShare: scheduledShare,
  choose: (request) =>
    spansFrom(request, scheduledShare(request.settings, request.progress), needed(request, 'actualLoss')),
};

export const oracleEasy: MaskingStrategy = {
  name: 'oracle-easy',
  about: "control: spans start at the frames of lowest actual loss, on easy-to-hard's schedule",
  needs: ['actualLoss'],
  hardShare: scheduledShare,
  choose: (request) =>
    spansFrom(
      request,
      scheduledShare(request.settings, request.progress),
      needed(request, 'actualLoss').map((losses) => losses.map((loss) => -loss)),
    ),
};
