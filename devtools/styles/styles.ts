import { ADAPTED } from './adapted.ts';
import { BASE } from './base.ts';
import { CONTROLS } from './controls.ts';
import { INSPECT } from './inspect.ts';
import { LAYOUT } from './layout.ts';
import { VIEWS } from './views.ts';

/** The whole style sheet of the panel. It lives in a shadow root: class names are short and meet nobody else's. */
export const STYLES = [BASE, LAYOUT, CONTROLS, VIEWS, INSPECT, ADAPTED].join('\n');
