/** The raw material of the generated tracker: a fictitious team that builds tide gauges, charts and a harbour app. */

export const PROJECTS = [
  { id: 'gauge', name: 'Tide gauge' },
  { id: 'chart', name: 'Chart room' },
  { id: 'harbour', name: 'Harbour app' },
] as const;

export const USERS = [
  ['u-mara', 'mara', 'crew'],
  ['u-ivo', 'ivo', 'crew'],
  ['u-sunniva', 'sunniva', 'crew'],
  ['u-tariq', 'tariq', 'crew'],
  ['u-wen', 'wen', 'crew'],
  ['u-oluchi', 'oluchi', 'user'],
  ['u-pilar', 'pilar', 'user'],
  ['u-jonas', 'jonas', 'user'],
  ['u-aiko', 'aiko', 'user'],
  ['u-desta', 'desta', 'user'],
] as const;

export const LABELS = ['bug', 'idea', 'docs', 'hardware', 'slow', 'safety', 'good first'] as const;

export const PARTS = [
  'float sensor',
  'battery board',
  'moon calendar',
  'harmonic table',
  'night palette',
  'buoy layer',
  'depth contour',
  'berth booking',
  'crane schedule',
  'pilot radio log',
  'weather strip',
  'login page',
  'PDF almanac',
  'unit switch',
  'ferry timetable',
  'lock gate alarm',
] as const;

export const TROUBLES = [
  'drifts by two centimetres after a storm',
  'shows yesterday after midnight',
  'forgets its setting on restart',
  'is unreadable in bright sun',
  'takes ten seconds to open',
  'counts the spring tide twice',
  'loses the last reading without a network',
  'mixes up feet and metres',
  'sends the same alert three times',
  'does not follow the time zone of the port',
  'overlaps the compass on small screens',
  'accepts a date in the past',
] as const;

export const WISHES = [
  'should remember the last port',
  'could print on one page',
  'needs a keyboard shortcut',
  'should work with gloves on',
  'could warn an hour earlier',
  'needs words for people who cannot tell red from green',
  'should explain where its figures come from',
  'could be shared with the harbour master',
] as const;

export const SENTENCES = [
  'Seen twice this week, both times shortly before low water.',
  'A restart helps for about an hour.',
  'The log shows nothing unusual around that time.',
  'It would save the morning shift a phone call.',
  'Steps: open the page, wait for the turn of the tide, look at the second figure.',
  'The old paper table had it right.',
  'Two boats waited for nothing because of it.',
  'It is worse on the outer pier, where the signal is weak.',
  'I kept the readings in case somebody wants to compare.',
  'Not urgent, but it comes up in every training.',
  'With the new firmware the difference is smaller, not gone.',
  'The harbour master asked about it again.',
] as const;

export const REPLIES = [
  'Confirmed on the east gauge.',
  'I have a fix on the bench; needs a night of readings.',
  'Is this still the case since Tuesday?',
  'Could not reproduce it with the cover closed.',
  'Let us talk about it on the quay.',
  'Same here, on two devices.',
  'The figure comes from the harmonic table, so it starts there.',
  'Closing, unless somebody sees it again.',
  'Thank you, that was the missing piece.',
] as const;
