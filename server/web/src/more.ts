// The pages and dialogs that are loaded when somebody goes there: nobody who debugs a run waits for them.
export { Compare } from './pages/compare/compare';
export { Invite } from './pages/login/invite';
export { Login } from './pages/login/login';
export { Metrics } from './pages/metrics/metrics';
export { Pipeline } from './pages/pipeline/pipeline';
export { ProjectSettings } from './pages/settings/project';
export { ServerSettings } from './pages/settings/server';
export { ShareDialog } from './pages/share/dialog';
export { Share } from './pages/share/share';
export { Styleguide } from './pages/styleguide/styleguide';
