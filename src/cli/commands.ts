/** @file The commands of the command line, in the order of the help. */
import type { Command } from './command.js';
import { compareCommand } from './compare.js';

export const commands: readonly Command[] = [compareCommand];
