import { Dialog } from '../../ui/dialog';

/** Makes a link to a trace for somebody outside of the project. */
export function ShareDialog({ onClose }: { project: string; trace: string; span?: string; onClose(): void }) {
  return <Dialog title="Share this trace" onClose={onClose}><p /></Dialog>;
}
