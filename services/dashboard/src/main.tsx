/** The dashboard: the frame around the page that the address names. */
import { render } from 'preact';
import { App } from './frame/app.tsx';
import './style/theme.css';
import './style/base.css';
import './style/frame.css';
import './style/parts.css';
import './style/print.css';

const root = document.getElementById('app');
if (root !== null) render(<App />, root);
