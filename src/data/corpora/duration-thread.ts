/** @file A thread that says how long audio files are. */
import { threadWork } from '../../base/threads.js';
import { durationsOf } from './durations.js';

export default threadWork(durationsOf);
