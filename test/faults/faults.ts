import type { FaultGroup } from './fault.ts';
import { beforeHeaders } from './faults-before-headers.ts';
import { byStatus } from './faults-by-status.ts';
import { insideAnswers } from './faults-in-answers.ts';

/** Every fault of the matrix, in the order of an answer's life. */
export const faultGroups: readonly FaultGroup[] = [beforeHeaders, ...insideAnswers, ...byStatus];
