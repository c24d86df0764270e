import type { Preview } from '@storybook/react-vite';
import { configure } from 'storybook/test';

// Views are loaded when they are shown, which takes a busy machine longer than the one second that is usual.
configure({ asyncUtilTimeout: 10_000 });

const preview: Preview = {
  parameters: {
    // A story is a state, and not a form; the one that is to be played with says so.
    controls: { disable: true },
    a11y: {
      // What axe finds fails the story, in the sidebar and in the tests alike.
      test: 'error',
      options: {
        runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        // A story is a part of a page: its headings and landmarks are the app's.
        rules: Object.fromEntries(
          ['region', 'page-has-heading-one', 'landmark-one-main', 'heading-order'].map((id) => [
            id,
            { enabled: false },
          ]),
        ),
      },
    },
  },
};

export default preview;
