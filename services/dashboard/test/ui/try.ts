// tmp
import { openDashboard, screenshot } from './dashboard.ts';
let t=performance.now();
const lap=(w:string)=>{console.log(w,Math.round(performance.now()-t));t=performance.now();};
const d=await openDashboard(); lap('open');
const w=process.argv[2]??'';
for (const [name,width,height,theme,path] of [['board',1280,800,'light','/'],['board-dark',1280,800,'dark','/'],['map',1280,800,'light','/board/map-constructor'],['saas',1280,800,'dark','/board/saas-lifecycle'],['fig',1280,800,'light','/figure/active_customers'],['fig-phone',390,844,'dark','/figure/active_customers']] as const){
 if(w!==''&&!name.includes(w)) continue;
 const page=await d.page({width,height,theme}); await page.goto(d.url+path); await page.locator('.tile, table.figures').first().waitFor({timeout:15000}).catch((e:Error)=>console.log(e.message)); lap(name);
 if(name==='fig'){ await page.locator('.mark').click(); }
 await screenshot(page,name); await page.context().close();
}
console.log(d.errors); await d.close(); process.exit(0);
