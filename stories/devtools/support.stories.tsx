import type { Meta, StoryObj } from '@storybook/react-vite';
import { expect, fireEvent, userEvent, waitFor } from 'storybook/test';
import { entry, rejected } from '../fixtures/outbox.ts';
import { panelIn, panelStory, syncOf } from '../fixtures/panel-story.tsx';
import { events, rounds } from '../fixtures/rounds.ts';
import { inspectionOf } from '../fixtures/rows.ts';
import { savedText } from '../fixtures/saved.ts';

const meta: Meta = { title: 'Devtools/Support', parameters: { layout: 'fullscreen' } };
export default meta;

type Story = StoryObj;

const busy = {
  tab: 'support',
  state: { events, outbox: [entry(39), rejected] },
  rounds,
  inspection: inspectionOf(12),
};

export const SaveAndOpen: Story = {
  ...panelStory(busy),
  play: async (context) => {
    const panel = await panelIn(context.canvasElement);
    const text = await savedText(async () => {
      await userEvent.click(await panel.findByRole('button', { name: 'Save the bundle' }));
      await panel.findByText(/Saved tidemark-/, {}, { timeout: 5_000 });
    });
    await expect(text).toContain('"hasValues": false');
    await expect(text).not.toContain('Gulls nest');
    await expect(text).not.toContain('PIER-7');

    const file = new File([text], 'from-mara.json', { type: 'application/json' });
    await fireEvent.change(panel.getByLabelText('Support bundle'), { target: { files: [file] } });
    await expect(await panel.findByText(/from-mara.json/)).toBeVisible();
    await expect(panel.getByText('left out')).toBeVisible();
    syncOf(context).setState({ outbox: [] });
    await userEvent.click(panel.getByRole('tab', { name: /Queue/ }));
    await expect(await panel.findByText('update title, priority, votes')).toBeVisible();
    await userEvent.click(panel.getByRole('button', { name: 'Back to the app' }));
    await waitFor(() => expect(panel.queryByText(/from-mara.json/)).toBeNull());
  },
};

export const WithValues: Story = {
  ...panelStory(busy),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    await userEvent.click(await panel.findByRole('checkbox', { name: /Include the values/ }));
    await expect(panel.getByText(/Give it only to those who may read that/)).toBeVisible();
    const text = await savedText(async () => {
      await userEvent.click(panel.getByRole('button', { name: 'Save the bundle' }));
      await panel.findByText(/Saved tidemark-/, {}, { timeout: 5_000 });
    });
    await expect(text).toContain('Gulls nest');
  },
};

export const NoBundle: Story = {
  ...panelStory(busy),
  play: async ({ canvasElement }) => {
    const panel = await panelIn(canvasElement);
    const field = await panel.findByLabelText('Support bundle');
    await fireEvent.change(field, { target: { files: [new File(['{"kind":"other"}'], 'other.json')] } });
    await expect(await panel.findByRole('alert')).toHaveTextContent('This file is no support bundle of tidemark.');
  },
};
