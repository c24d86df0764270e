import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, userEvent, waitFor, within } from 'storybook/test';
import { fill, panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { events } from '../fixtures/rounds.ts';

const meta: Meta = { title: 'Devtools/Events', parameters: { layout: 'fullscreen' } };
export default meta;

export const Stream: StoryObj = {
  ...panelStory({ tab: 'events', state: { events } }),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const list = await panel.findByRole('listbox', { name: 'Events' });
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(events.length));
    syncOf(context).emit({ at: Date.now(), type: 'resync', reason: 'the log was cut' });
    await expect(await within(list).findByText('resync')).toBeVisible();
    await fill(panel.getByRole('searchbox'), 'priority');
    await waitFor(() => expect(within(list).getAllByRole('option')).toHaveLength(1));
    await userEvent.click(within(list).getByRole('option'));
    await expect(panel.getByText(/must lie between 1 and 5/, { selector: 'pre' })).toBeVisible();
  },
};
